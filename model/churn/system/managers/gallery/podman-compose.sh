#!/bin/sh
# podman-compose at the service that DOCKER_HOST names: podman-compose.sh PROJECT ARGUMENT...
#
# The podman command, which it runs, is led there by a variable of its own.

set -eu

project=$1
shift
CONTAINER_HOST=$DOCKER_HOST exec podman-compose --file "${0%.sh}.yml" --project-name "$project" "$@"
