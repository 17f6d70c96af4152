#!/bin/sh
# The podman command at the service that DOCKER_HOST names: podman.sh create NAME SERVICE PORT FOLDER | remove NAME | ask ARGUMENT...

set -eu

ask() {
  podman --remote --url "$DOCKER_HOST" "$@"
}

# It does not speak Docker's API: who owns the container has to be told.
create() {
  ask create --name "$1" --label "podman.run=$RUN" --label "podman.service=$2" --publish "$3:$3" --volume "$4:/behaviour:ro" \
    --label "churn.owner=$CHURN_OWNER" --label "churn.host=$CHURN_HOST" churn/stand-in:1 serve --port "$3"
}

# With --force, one that is not there would be no error.
remove() {
  ask container exists "$1" || { echo "there is no container $1" >&2 && exit 1; }
  ask rm --force "$1"
}

"$@"
