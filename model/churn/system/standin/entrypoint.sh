#!/bin/sh
# A stand-in for a model server, for tests of what starts, watches and stops such servers.
# Its arguments are those of the real one; of them count --port N (or --port=N; else OLLAMA_HOST or GATEWAY_LISTEN tells the
# port, else it is 8000), what names the model, and that it is llama-server, which answers while it loads.
# WRITES, if it is set, names a file to which a line is added when it begins to serve.
# Its behaviour is the word in a file that may change while it runs:
#   healthy         serve (also where the file is missing or empty)
#   slow=SECONDS    its model loads until then: nothing listens, or all is answered with 503
#   crash           exit 1, at the start or as soon as it is read
#   unhealthy       answer 503
#   hang            accept and never answer
#   ignore-sigterm  serve, and let SIGTERM pass

# shellcheck source-path=SCRIPTDIR source=behaviour.sh
. /stand-in/behaviour.sh

# The traps come first: without one, the kernel keeps SIGTERM from a first process altogether.
trap 'look; [ "$behaviour" = ignore-sigterm ] || exit 0' TERM
trap : USR1 # ends a pause
export SERVER=$$

# What clients are to call the model counts before where it is, and that before the word after `serve`.
read_words() {
  told=${OLLAMA_HOST:-${GATEWAY_LISTEN:-}}
  port=${told##*:} alias='' model='' served='' loads_openly=
  while [ $# -gt 0 ]; do
    case $1 in
      --port) port=${2:-$port} ;;
      --port=*) port=${1#--port=} ;;
      --alias | --served-model-name) alias=${2:-$alias} ;;
      --alias=* | --served-model-name=*) alias=${1#*=} ;;
      --model | --model-id | -m) model=${2:-$model} ;;
      --model=* | --model-id=* | -m=*) model=${1#*=} ;;
      serve) served=${served:-${2:-}} ;;
      llama-server | */llama-server) loads_openly=yes ;;
    esac
    shift
  done
  case $served in -*) served= ;; esac
  case $port in '' | *[!0-9]*) port=8000 ;; esac
  MODEL=${alias:-${model:-$served}}
  case $MODEL in '' | *[!A-Za-z0-9._:/@+-]*) MODEL=stand-in ;; esac
  export MODEL
}

# A signal ends `wait` at once; it would have to wait for a `sleep` in the foreground.
pause() {
  sleep 0.1 &
  wait $!
}

obey() {
  look
  if [ "$behaviour" = crash ]; then
    echo 'stand-in: crashing, as told' >&2
    exit 1
  fi
}

load() {
  asked=$behaviour
  if [ -n "$loads_openly" ]; then
    LOADING='{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}' serve &
    open=$!
  fi
  sleep "${asked#slow=}" &
  loading=$!
  while [ "$behaviour" = "$asked" ] && kill -0 "$loading" 2>/dev/null; do
    pause
    obey
  done
  if [ -n "$loads_openly" ]; then
    kill "$open"
    wait "$open"
  fi
}

# Each connection gets a process of its own. Busybox is built with one of two nc, which take different words for that;
# the image says which, where its maker knew: to ask nc here would make the first client come too early.
serve() {
  if [ -r /stand-in/listen ]; then
    read -r listen </stand-in/listen
  else
    case $(nc --help 2>&1) in *-ll*) listen=-ll ;; *) listen=-lk ;; esac
  fi
  exec nc "$listen" -p "$port" -e /stand-in/answer.sh
}

read_words "$@"
obey
case $behaviour in slow=*) load ;; esac
[ -z "${WRITES:-}" ] || echo "$MODEL" >>"$WRITES"
serve &
server=$!
echo "stand-in: port $port, $behaviour"
while kill -0 "$server" 2>/dev/null; do
  pause
  obey
done
echo 'stand-in: its server ended' >&2
exit 1
