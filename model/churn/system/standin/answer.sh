#!/bin/sh
# One connection, on standard input and output: read a request, answer it as the behaviour says, end.
# Both paths tell the health, since managers ask the one or the other; any other path is 404.

# shellcheck source-path=SCRIPTDIR source=behaviour.sh
. /stand-in/behaviour.sh

reply() {
  printf 'HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$1" "${#2}" "$2"
}

# shellcheck disable=SC3045 # busybox's ash has read -t
# Up to the empty line: closing with bytes unread would reset the connection under the client's hands.
read_request() {
  read -r -t 5 method path _ || exit 0
  while read -r -t 5 header; do
    [ "${#header}" -gt 1 ] || break
  done
}

health() {
  case $behaviour in
    unhealthy) reply '503 Service Unavailable' unhealthy ;;
    *) reply '200 OK' ok ;;
  esac
}

look
case $behaviour in
  hang) exec cat >/dev/null ;; # reads until the client gives up
  crash) kill -USR1 "$SERVER" && exit 0 ;; # have it looked at now
esac

read_request
case "$method ${path%%\?*}" in
  'GET /' | 'GET /health') health ;;
  GET\ *) reply '404 Not Found' 'not found' ;;
  *) reply '405 Method Not Allowed' 'GET only' ;;
esac
