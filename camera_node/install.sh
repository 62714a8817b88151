#!/usr/bin/env bash
# Installs the ParkHub camera node on a Raspberry Pi or another Debian machine; run it again to bring it up to date.
#
#   sudo camera_node/install.sh              install or update from this folder
#   sudo camera_node/install.sh --edge       the same with what recognises places here; it stays with later updates
#   sudo camera_node/install.sh --uninstall  take it away; settings, key and waiting pictures stay
#
# It makes a user, an environment in /opt/parkhub-node, folders in /etc and /var/lib, and a service. A new environment
# takes the old one's place when it is whole, so a power cut in between leaves the old one working.
set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
HOME_FOLDER=/opt/parkhub-node
SETTINGS_FOLDER=/etc/parkhub-node
STATE_FOLDER=/var/lib/parkhub-node
UNIT=/etc/systemd/system/parkhub-node.service
COMMAND=/usr/local/bin/parkhub-node
WHO=parkhub-node

say() { echo "$*"; }
stop() {
  echo "$*" >&2
  exit 1
}
usage() {
  sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

uninstall=""
edge=""
for given in "$@"; do
  case "$given" in
    --uninstall) uninstall=1 ;;
    --edge) edge=1 ;;
    *) usage ;;
  esac
done

[ "$(id -u)" -eq 0 ] || stop "Run it as root: sudo $0 $*"
[ "$(uname -s)" = Linux ] || stop "The node runs on Linux."
command -v apt-get >/dev/null || stop "This needs Debian or Raspberry Pi OS. Elsewhere: pip install $HERE"

systemd_runs() { [ -d /run/systemd/system ]; }

if [ -n "$uninstall" ]; then
  if systemd_runs; then
    systemctl disable --now parkhub-node.service 2>/dev/null || true
  fi
  rm -rf "$UNIT" /etc/systemd/system/multi-user.target.wants/parkhub-node.service "$COMMAND" "$HOME_FOLDER"
  if systemd_runs; then
    systemctl daemon-reload
  fi
  say "The node is gone. $SETTINGS_FOLDER and $STATE_FOLDER are left; take them away yourself if nothing waits in them."
  exit 0
fi

pi=""
if grep -qs "Raspberry Pi" /proc/device-tree/model; then
  pi=1
fi

if [ -e "$HOME_FOLDER/venv/edge" ]; then
  edge=1
fi
if [ -n "$edge" ] && [ "$(dpkg --print-architecture)" = armhf ]; then
  stop "--edge needs a 64-bit system: there is no onnxruntime for 32 bit."
fi

packages=(python3-venv)
constraints=()
if [ -n "$pi" ]; then
  packages+=(python3-picamera2 python3-gpiozero python3-lgpio)
  # What Raspberry Pi OS built for its camera wants the NumPy that it was built with.
  constraints=("numpy<2")
fi
if [ "$(dpkg --print-architecture)" = armhf ]; then
  packages+=(python3-numpy python3-opencv python3-pil python3-simplejpeg)
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  say "Installing ${missing[*]} …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || stop "The system's packages cannot be fetched. Is this machine online, and is its clock right?"
  apt-get install --yes --no-install-recommends -qq "${missing[@]}" >/dev/null
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "Python 3.11 or later is needed; this is $(python3 --version). Raspberry Pi OS Bookworm has it."

if ! id "$WHO" >/dev/null 2>&1; then
  useradd --system --user-group --home-dir "$STATE_FOLDER" --no-create-home --shell /usr/sbin/nologin "$WHO"
fi
# systemd-journal: what went wrong before a restart is in the bundle of logs that the console asks for.
for group in video gpio systemd-journal; do
  if getent group "$group" >/dev/null; then
    usermod --append --groups "$group" "$WHO"
  fi
done
install --directory --owner="$WHO" --group="$WHO" --mode=0750 "$SETTINGS_FOLDER"
install --directory --owner="$WHO" --group="$WHO" --mode=0700 "$STATE_FOLDER"

# What is installed: the files here, what was asked for, and the Python it runs on.
print_asked_for() {
  (cd "$HERE" && find . -type f ! -name '*.pyc' -print0 | LC_ALL=C sort --zero-terminated | xargs --null sha256sum)
  echo "${constraints[*]} ${edge:+edge} $(python3 --version)"
}
asked_for="$(print_asked_for | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$HOME_FOLDER/venv/asked_for" 2>/dev/null)" = "$asked_for" ]; then
  say "The program is up to date."
  changed=""
else
  changed=1
  fresh="$HOME_FOLDER/venvs/$(date +%s)"
  mkdir -p "$HOME_FOLDER/venvs"
  trap 'rm -rf "$fresh" "$fresh.source"' EXIT
  say "Installing the program in $HOME_FOLDER; this takes a minute or two …"
  python3 -m venv --system-site-packages "$fresh"
  cp -r "$HERE" "$fresh.source"  # building leaves files, and this folder may be read-only
  printf '%s\n' "${constraints[@]}" >"$fresh/constraints.txt"
  "$fresh/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary \
    --constraint "$fresh/constraints.txt" "$fresh.source${edge:+[edge]}" ||
    stop "The program could not be installed. Is this machine online? What was there before still works."
  "$fresh/bin/parkhub-node" --version >/dev/null || stop "What was installed does not start. What was there before stays."
  if [ -n "$edge" ]; then
    touch "$fresh/edge"
  fi
  echo "$asked_for" >"$fresh/asked_for"
  old="$(readlink "$HOME_FOLDER/venv" || true)"
  ln --symbolic --force --no-dereference "$fresh" "$HOME_FOLDER/venv.new"
  mv --no-target-directory "$HOME_FOLDER/venv.new" "$HOME_FOLDER/venv"
  rm -rf "$fresh.source"
  trap - EXIT
fi
install --mode=0644 "$HERE/README.md" "$HOME_FOLDER/README.md"
ln --symbolic --force --no-dereference "$HOME_FOLDER/venv/bin/parkhub-node" "$COMMAND"

if [ ! -e "$SETTINGS_FOLDER/node.toml" ]; then
  say "Next: in the console make a code at the camera's page, then here: sudo parkhub-node enrol CODE URL"
fi
if ! cmp --silent "$HERE/parkhub-node.service" "$UNIT"; then
  install -D --mode=0644 "$HERE/parkhub-node.service" "$UNIT"
  changed=1
fi
if systemd_runs; then
  systemctl daemon-reload
  systemctl enable --quiet parkhub-node.service
  if [ -n "$changed" ]; then
    systemctl restart parkhub-node.service
  fi
else
  mkdir -p "$(dirname "$UNIT")/multi-user.target.wants"
  ln --symbolic --force "$UNIT" "$(dirname "$UNIT")/multi-user.target.wants/parkhub-node.service"
  say "systemd does not run here; the service starts with the next boot."
fi
if [ -n "${old:-}" ] && [ -d "$old" ]; then
  rm -rf "$old"  # last, because it ran until now
fi
say "Installed: $("$COMMAND" --version). What is wrong, if anything: sudo parkhub-node doctor"
