#!/bin/sh
# A service manager made of plain docker commands. A service is a file with its status, port and folder; while it runs it
# has one container, found by label.
#
#   plain.sh create NAME PORT FOLDER | start NAME | stop NAME | restart NAME | remove NAME | status NAME | list
#
# PLAIN_STATE is the folder of its files, PLAIN_SESSION marks its containers; CHURN_LABELS (key=value,key=value) are
# further labels for them. An error is a line on stderr and exit code 1.

set -eu

IMAGE=churn/stand-in:1
TRIES=10

fail() {
  echo "Error: $*" >&2
  exit 1
}

# known NAME: sets $status, $port and $folder.
known() {
  [ -f "$PLAIN_STATE/$1" ] || fail "service $1 is not known"
  read -r status port folder <"$PLAIN_STATE/$1"
}

# mark NAME STATUS
mark() {
  echo "$2 $port $folder" >"$PLAIN_STATE/.$1"
  mv "$PLAIN_STATE/.$1" "$PLAIN_STATE/$1"
}

# containers NAME [OPTION...]: the ids of the service's containers, of those alone that docker's options let through.
containers() {
  name=$1
  shift
  docker ps --quiet --all --filter "label=plain.session=$PLAIN_SESSION" --filter "label=plain.service=$name" "$@"
}

running() {
  containers "$1" --filter status=running
}

clear_away() {
  for container in $(containers "$1"); do
    docker stop --time 2 "$container" >/dev/null
    docker rm --force "$container" >/dev/null
  done
}

# launch NAME: prints the id of a new container.
launch() {
  name=$1
  set -- --label "plain.session=$PLAIN_SESSION" --label "plain.service=$name"
  IFS=,
  for label in ${CHURN_LABELS:-}; do
    set -- "$@" --label "$label"
  done
  unset IFS
  docker run --detach --name "plain-$PLAIN_SESSION-$name" "$@" --publish "$port:$port" \
    --volume "$folder:/behaviour:ro" "$IMAGE" serve --port "$port"
}

healthy() {
  timeout 1 busybox wget -q -O /dev/null "http://127.0.0.1:$port/health" 2>/dev/null
}

# give_up NAME WHY
give_up() {
  clear_away "$1"
  fail "service $1 did not start: $2"
}

create() {
  [ ! -f "$PLAIN_STATE/$1" ] || fail "service $1 exists already"
  port=$2 folder=$3
  mark "$1" created
}

start() {
  known "$1"
  [ -z "$(running "$1")" ] || fail "service $1 is running already"
  clear_away "$1"
  mark "$1" failed
  launch "$1" >/dev/null || give_up "$1" "docker run failed"
  tries=0
  until healthy; do
    [ -n "$(running "$1")" ] || give_up "$1" "its server ended"
    tries=$((tries + 1))
    [ "$tries" -lt "$TRIES" ] || give_up "$1" "its server did not get healthy"
    sleep 0.2
  done
  mark "$1" running
}

stop() {
  known "$1"
  clear_away "$1"
  mark "$1" stopped
}

restart() {
  stop "$1"
  start "$1"
}

remove() {
  known "$1"
  clear_away "$1"
  rm "$PLAIN_STATE/$1"
}

# What is marked as running counts as failed where no container runs.
status() {
  known "$1"
  [ "$status" != running ] || [ -n "$(running "$1")" ] || status=failed
  printf '{"name": "%s", "status": "%s", "port": %s}\n' "$1" "$status" "$port"
}

list() {
  for file in "$PLAIN_STATE"/*; do
    [ ! -f "$file" ] || status "${file##*/}"
  done
}

case ${1:-} in
  create | start | stop | restart | remove | status | list) "$@" ;;
  *) fail "expected create, start, stop, restart, remove, status or list; got '${1:-}'" ;;
esac
