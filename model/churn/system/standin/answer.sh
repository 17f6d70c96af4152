#!/bin/sh
# One connection, on standard input and output: read a request, answer it as the behaviour and the table say, end.
# LOADING, where it is set, is what is answered to everything while the model loads; MODEL is the model's name.

# shellcheck source-path=SCRIPTDIR source=behaviour.sh
. /stand-in/behaviour.sh

# reply STATUS KIND CONTENT
reply() {
  printf 'HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$1" "$2" "${#3}" "$3"
}

# shellcheck disable=SC3045 # busybox's ash has read -t
# Up to the end of its content: closing with bytes unread would reset the connection under the client's hands.
read_request() {
  read -r -t 5 method path _ || exit 0
  length=0
  while read -r -t 5 header; do
    header=${header%?}
    case $header in
      '') break ;;
      [Cc]ontent-[Ll]ength:*[0-9]) length=${header##*[!0-9]} ;;
    esac
  done
  [ "$length" = 0 ] || head -c "$length" >/dev/null
}

# named CONTENT: sets $content, with the model's name in its places.
named() {
  rest=$1 content=
  while [ "${rest#*@}" != "$rest" ]; do
    content=$content${rest%%@*}$MODEL
    rest=${rest#*@}
  done
  content=$content$rest
}

# look_up METHOD PATH
look_up() {
  while read -r known place kind rest; do
    if [ "$known $place" = "$1 $2" ]; then
      named "$rest"
      reply '200 OK' "$kind" "$content"
      return
    fi
  done </stand-in/servers.txt
  case $1 in
    GET) reply '404 Not Found' text/plain 'not found' ;;
    *) reply '405 Method Not Allowed' text/plain 'method not allowed' ;;
  esac
}

look
case $behaviour in
  hang) exec cat >/dev/null ;; # reads until the client gives up
  crash) kill -USR1 "$SERVER" && exit 0 ;; # have it looked at now
esac

read_request
if [ -n "${LOADING:-}" ]; then
  reply '503 Service Unavailable' application/json "$LOADING"
elif [ "$behaviour" = unhealthy ]; then
  reply '503 Service Unavailable' text/plain unhealthy
else
  look_up "$method" "${path%%\?*}"
fi
