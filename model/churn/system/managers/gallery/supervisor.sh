#!/bin/sh
# supervisord with its files in STATE, and a program for each service:
#   supervisor.sh up | down | create NAME PORT FOLDER | ask start|stop NAME | remove NAME | list

set -eu

conf=$STATE/supervisord.conf

control() {
  supervisorctl --configuration "$conf" "$@"
}

up() {
  mkdir -p "$STATE/programs"
  cat >"$conf" <<CONF
[supervisord]
pidfile=$STATE/pid
logfile=$STATE/log
childlogdir=$STATE
[unix_http_server]
file=$STATE/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$STATE/socket
[include]
files=$STATE/programs/*.conf
CONF
  supervisord --configuration "$conf"
}

# Its process has ended when its file with the process id is gone.
down() {
  control shutdown
  while [ -e "$STATE/pid" ]; do sleep 0.1; done
}

create() {
  [ ! -e "$STATE/programs/$1.conf" ] || { echo "there is a program $1" >&2 && exit 1; }
  labels="--label supervisor.run=$RUN --label supervisor.service=$1"
  cat >"$STATE/programs/$1.conf" <<CONF
[program:$1]
command=docker run --rm --name $RUN-$1 $labels --publish $2:$2 --volume $3:/behaviour:ro churn/stand-in:1 serve --port $2
autostart=false
autorestart=false
startretries=0
stopwaitsecs=10
CONF
  control update "$1"
}

remove() {
  control stop "$1" >/dev/null || true
  rm "$STATE/programs/$1.conf"
  control update "$1"
}

# supervisorctl says ERROR, and by some versions ends with 0.
ask() {
  told=$(control "$@") || { echo "$told" >&2 && exit 1; }
  case $told in *ERROR*) echo "$told" >&2 && exit 1 ;; esac
  echo "$told"
}

# Its exit code tells that not all of them run.
list() {
  control status || [ $? = 3 ]
}

"$@"
