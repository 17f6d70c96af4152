#!/bin/sh
# The podman command at the service that DOCKER_HOST names: podman.sh create NAME SERVICE PORT FOLDER | ask ARGUMENT...

set -eu

ask() {
  podman --remote --url "$DOCKER_HOST" "$@"
}

# It does not speak Docker's API: who owns the container has to be told.
create() {
  ask create --name "$1" --label "podman.run=$RUN" --label "podman.service=$2" --publish "$3:$3" --volume "$4:/behaviour:ro" \
    --label "churn.owner=$CHURN_OWNER" --label "churn.host=$CHURN_HOST" churn/stand-in:1 serve --port "$3"
}

"$@"
