#!/usr/bin/env bash
# A service manager made of docker commands: a second yardstick beside the reference manager, in another language. A service
# is a file with its settings and its status; while it runs it has one container, found by its labels alone.
#
#   shell.sh create NAME PORT FOLDER | start NAME | stop NAME | restart NAME | remove NAME | status NAME | list
#   shell.sh update NAME image|environment|port VALUE
#
# SERVICES is the folder of its files, SESSION marks its containers; CHURN_LABELS (key=value,key=value) are further labels
# for them. An error is a line on stderr and exit code 1.

set -euo pipefail

readonly IMAGE=churn/stand-in:1 START_SECONDS=3 STOP_SECONDS=2 TRIES=20

fail() {
  echo "Error: $*" >&2
  exit 1
}

# alone NAME: no other operation on the service runs until this one ends.
alone() {
  exec 9>"$SERVICES/-$1"
  flock 9
}

# known NAME: sets $status, $port, $next (its port from the next start on), $image, $variable and $folder.
known() {
  [ -f "$SERVICES/$1" ] || fail "service $1 is not known"
  { read -r status && read -r port && read -r next && read -r image && IFS= read -r variable && IFS= read -r folder; } \
    <"$SERVICES/$1"
}

# mark NAME STATUS: keeps the service with that status; whoever reads meanwhile sees it whole, as it was or as it is.
mark() {
  printf '%s\n' "$2" "$port" "$next" "$image" "$variable" "$folder" >"$SERVICES/.$1"
  mv "$SERVICES/.$1" "$SERVICES/$1"
}

# containers NAME [OPTION...]: the ids of the service's containers, of those alone that docker's options let through.
containers() {
  docker ps --quiet --no-trunc --all --filter "label=shell.session=$SESSION" --filter "label=shell.service=$1" "${@:2}"
}

runs() {
  local found
  found=$(containers "$1" --filter status=running) || fail 'docker ps failed'
  [ -n "$found" ]
}

# clear_away NAME: ends and removes its containers, and awaits that none is left: one may be on its way out already.
clear_away() {
  local found container tries=$TRIES
  until found=$(containers "$1") && [ -z "$found" ]; do
    ((tries-- > 0)) || fail "containers of service $1 are still there: $found"
    for container in $found; do
      docker stop --time "$STOP_SECONDS" "$container" >/dev/null 2>&1 || true
      docker rm --force --volumes "$container" >/dev/null 2>&1 || sleep 0.1
    done
  done
}

launch() {
  local labels
  IFS=, read -r -a labels <<<"shell.session=$SESSION,shell.service=$1${CHURN_LABELS:+,$CHURN_LABELS}"
  labels=("${labels[@]/#/--label=}")
  docker run --detach --name "shell-$SESSION-$1" "${labels[@]}" --publish "$port:$port" ${variable:+--env "$variable"} \
    --volume "$folder:/behaviour:ro" "$image" serve --port "$port" >/dev/null
}

healthy() {
  timeout 1 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "GET /health HTTP/1.0\r\n\r\n" >&3 &&
    read -r _ code _ <&3 && [ "$code" = 200 ]' "$port" 2>/dev/null
}

await_health() {
  local until=$((SECONDS + START_SECONDS))
  until healthy; do
    runs "$1" || fail 'its server ended'
    ((SECONDS < until)) || fail 'its server did not get healthy'
    sleep 0.2
  done
}

create() {
  [ ! -f "$SERVICES/$1" ] || fail "service $1 exists already"
  port=$2 next=$2 image=$IMAGE variable='' folder=$3
  mark "$1" created
}

# Failed until proven otherwise: whatever interrupts the start, the status is right. One that fails leaves nothing.
start() {
  local told
  known "$1"
  ! runs "$1" || fail "service $1 is running already"
  clear_away "$1"
  port=$next
  mark "$1" failed
  if ! told=$( (launch "$1" && await_health "$1") 2>&1); then
    clear_away "$1"
    fail "service $1 did not start: $told"
  fi
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

update() {
  known "$1"
  case $2 in
    image) image=$3 ;;
    environment) variable=$3 ;;
    port) next=$3 ;;
    *) fail "expected image, environment or port; got '$2'" ;;
  esac
  mark "$1" "$status"
}

remove() {
  known "$1"
  clear_away "$1"
  rm "$SERVICES/$1"
}

# What is marked as running counts as failed where no container runs.
status() {
  known "$1"
  [ "$status" != running ] || runs "$1" || status=failed
  printf '{"name": "%s", "status": "%s", "port": %s}\n' "$1" "$status" "$port"
}

list() {
  for file in "$SERVICES"/[!-]*; do
    [ ! -f "$file" ] || status "${file##*/}"
  done
}

case ${1:-} in
  create | start | stop | restart | remove | update) alone "$2"; "$@" ;;
  status | list) "$@" ;;
  *) fail "expected create, start, stop, restart, remove, update, status or list; got '${1:-}'" ;;
esac
