#!/bin/sh
# Has Ansible's module bring the container NAME into a state: ansible.sh started|stopped|absent [RESTART]
#
# What it is made of is told for `started` alone: else the module would make one that is not there, to stop it.

set -eu

made="
  \"image\": \"churn/stand-in:1\", \"pull\": \"never\", \"command\": [\"serve\", \"--port\", \"$PORT\"],
  \"published_ports\": [\"$PORT:$PORT\"], \"volumes\": [\"$FOLDER:/behaviour:ro\"],
  \"labels\": {\"ansible.run\": \"$RUN\", \"ansible.service\": \"$SERVICE\"}, \"restart\": ${2:-false},
"
[ "$1" = started ] || made=
exec ansible localhost --module-name community.docker.docker_container \
  --args "{$made \"name\": \"$NAME\", \"state\": \"$1\", \"stop_timeout\": 2}"
