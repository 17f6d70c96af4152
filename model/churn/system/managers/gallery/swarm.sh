#!/bin/sh
# What takes more than one command of Docker's swarm mode:
#   swarm.sh create NAME SERVICE PORT FOLDER | start NAME | reset

set -eu

readonly PATIENCE_SECONDS=25

# The engine makes the containers by itself: who owns them has to be told.
create() {
  docker service create --detach --quiet --name "$1" --replicas 0 --restart-condition none --stop-grace-period 2s \
    --publish "mode=host,published=$3,target=$3" --mount "type=bind,source=$4,target=/behaviour,readonly" --no-resolve-image \
    --label "swarm.run=$RUN" --container-label "swarm.run=$RUN" --container-label "swarm.service=$2" \
    --container-label "churn.owner=$CHURN_OWNER" --container-label "churn.host=$CHURN_HOST" \
    churn/stand-in:1 serve --port "$3"
}

# The update waits for ever for a task that failed, since tasks are not to be started again.
start() {
  timeout "$PATIENCE_SECONDS" docker service update --quiet --force --replicas 1 "$1" && return
  docker service scale --detach "$1=0" >/dev/null
  echo "the task of $1 did not stay up" >&2
  exit 1
}

reset() {
  docker service ls --quiet --filter "label=swarm.run=$RUN" | xargs --no-run-if-empty docker service rm
  while [ -n "$(docker ps --all --quiet --filter "label=swarm.run=$RUN")" ]; do sleep 0.1; done
}

"$@"
