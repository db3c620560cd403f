#!/bin/sh
# Installs Debian packages, as root, without starting the services that come with them: Jobcast and its tests start what they need
# themselves, and a Redis on the well-known port could be taken for somebody else's.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi

# A start must not wait for minutes for a network that is not there.
patience="-o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15"

install() {
  apt-get $patience install -y --no-install-recommends "$@"
}

# A fresh image has no lists of packages yet, and old ones name files that are gone.
install "$@" || { apt-get $patience update && install "$@"; }

if [ -d /run/systemd/system ]; then
  for service in "$@"; do
    systemctl disable "$service" || true
  done
fi
