#!/bin/sh
# A correct manager (shell.sh), during whose second start somebody else makes trouble with the engine.
#
#   trouble.sh KIND COMMAND [ARGUMENT...]
#
# ENGINE is the engine's own address, PLACE a folder on the file system that its data are on. What is done holds for an
# engine in namespaces of its own, as .ci/dockerd starts it.

set -eu

kind=$1
shift

# end_listener SOCKET: kills the process that listens there; the kernel tells which one that is, in whatever namespace. Only
# an engine in PLACE is ever ended.
end_listener() {
  case $1 in "$PLACE"/*) ;; *) exit 2 ;; esac
  python3 - "$1" <<'PYTHON'
import os, signal, socket, struct, sys
with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[1])
    told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
pid = struct.unpack("3i", told)[0]
with open(f"/proc/{pid}/cmdline", "rb") as words:
    assert words.read().split(b"\0")[0].endswith(b"dockerd"), f"process {pid} is no dockerd"
os.kill(pid, signal.SIGKILL)
PYTHON
}

make_trouble() {
  case $kind in
    image) DOCKER_HOST=$ENGINE docker rmi --force churn/stand-in:1 >/dev/null ;;
    bridge) ip link set docker0 down ;;
    iptables) iptables --table nat --flush && iptables --table nat --delete-chain ;;
    disk) cat /dev/zero >"$PLACE/filled" 2>/dev/null || true ;;
    daemon) end_listener "${ENGINE#unix://}" ;;
    *) exit 2 ;;
  esac
}

if [ "$1" = start ]; then
  echo start >>"$SERVICES/../starts"
  [ "$(wc -l <"$SERVICES/../starts")" != 2 ] || make_trouble
fi
exec bash "$SHELL_MANAGER" "$@"
