#!/usr/bin/env bash
# Builds the native addon of the TensorRT engine: build-native.sh OUT_FOLDER
#
# Needs g++ (CXX) and node_api.h (npm's node-api-headers, or Node's own include folder: NODE_INCLUDE). For each major version
# of TensorRT it looks for NvInfer.h and NvOnnxParser.h in the folders of TENSORRT_INCLUDE (separated by colons), then in the
# system's, and compiles one backend against the newest found. Without any it builds everything but the backends.
# Flags for a check of one's own (sanitizers) go in NATIVE_FLAGS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$here/native
out=$1
cxx=${CXX:-g++}
read -ra more <<<"${NATIVE_FLAGS:--O2}"

fail() {
  echo "make tensorrt: $1" >&2
  exit 3
}
[ "$(uname -s)" = Linux ] || fail "the TensorRT engine runs on Linux; this is $(uname -s)"
command -v "$cxx" >/dev/null || fail "$cxx was not found. Install a C++17 compiler (Debian and Ubuntu: apt install g++)."
case $(uname -m) in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac

node_include=
for folder in ${NODE_INCLUDE:-} "$here/../../node_modules/node-api-headers/include" \
  "$(dirname "$(dirname "$(readlink -f "$(command -v node || echo /usr/bin/node)")")")/include/node" /usr/include/node; do
  if [ -f "$folder/node_api.h" ]; then node_include=$folder && break; fi
done
[ -n "$node_include" ] || fail "node_api.h was not found. Run make install (it brings node-api-headers), or set NODE_INCLUDE."

# A number that NvInferVersion.h defines, directly or through another of its names.
version_part() {
  local value
  value=$(sed -nE "s/^#define $2 +([A-Za-z0-9_]+).*/\1/p" "$1" | head -1)
  case $value in '' | [0-9]*) echo "${value:-0}" ;; *) version_part "$1" "$value" ;; esac
}

# Folders of headers by major version; the newest of a major wins.
declare -A folder_of version_of
IFS=: read -ra given <<<"${TENSORRT_INCLUDE:-}"
looked=
for folder in "${given[@]}" "/usr/include/$(uname -m)-linux-gnu" /usr/include /usr/local/include \
  /usr/local/tensorrt/include /usr/src/tensorrt/include /opt/tensorrt/include; do
  [ -n "$folder" ] || continue
  looked+=" $folder"
  file=$folder/NvInferVersion.h
  [ -f "$file" ] || continue
  major=$(version_part "$file" NV_TENSORRT_MAJOR)
  version=$major.$(version_part "$file" NV_TENSORRT_MINOR).$(version_part "$file" NV_TENSORRT_PATCH)
  if [ ! -f "$folder/NvOnnxParser.h" ]; then
    echo "TensorRT $version headers in $folder lack NvOnnxParser.h (Debian and Ubuntu: libnvonnxparsers-dev): left out"
    continue
  fi
  case $major in 8 | 10 | 11) ;; *) echo "TensorRT $version headers in $folder: major $major is not supported, left out" && continue ;; esac
  if [ -z "${version_of[$major]:-}" ] || [ "$(printf '%s\n' "${version_of[$major]}" "$version" | sort -V | tail -1)" != "${version_of[$major]}" ]; then
    folder_of[$major]=$folder
    version_of[$major]=$version
  fi
done

mkdir -p "$out"
objects=$(mktemp -d "$out/objects.XXXXXX")
trap 'wait; rm -rf "$objects"' EXIT
flags=(-std=c++17 -fPIC -fvisibility=hidden -Wall -Wextra -DNAPI_VERSION=8 "-I$source" -isystem "$node_include" "${more[@]}")
jobs=()
compile() { # OBJECT SOURCE FLAGS…
  "$cxx" "${flags[@]}" "${@:3}" -c "$2" -o "$objects/$1.o" &
  jobs+=($!)
  # Two at a time: each wants some hundred MB.
  if [ ${#jobs[@]} -ge "${NATIVE_JOBS:-2}" ]; then
    wait "${jobs[0]}"
    jobs=("${jobs[@]:1}")
  fi
}

with=()
for major in 8 10 11; do
  [ -n "${folder_of[$major]:-}" ] || continue
  echo "TensorRT $major: headers ${version_of[$major]} in ${folder_of[$major]}"
  with+=("-DLOADRIG_TENSORRT_$major")
  for file in "$source"/backend/{build-config,tensorrt-backend,tensorrt-builder,tensorrt-engine,tensorrt-refit}.cc; do
    # One source for all versions calls what some of them deprecate.
    compile "major$major-$(basename "$file" .cc)" "$file" "-DLOADRIG_MAJOR=$major" -Wno-deprecated-declarations \
      -isystem "$source/stub" -isystem "${folder_of[$major]}"
  done
done
if [ ${#with[@]} -eq 0 ]; then
  echo "No TensorRT headers were found in:$looked"
  echo "The addon is built without a backend: it can name GPUs, but run no plan. Install the headers (Debian and Ubuntu with"
  echo "NVIDIA's repository: apt install libnvinfer-headers-dev libnvonnxparsers-dev), or name their folder in TENSORRT_INCLUDE."
fi
for file in "$source"/*.cc "$source"/calls/*.cc "$source"/backend/backends.cc; do
  compile "$(basename "$file" .cc)" "$file" "${with[@]}"
done
for job in "${jobs[@]}"; do wait "$job"; done

addon=$out/loadrig-tensorrt-linux-$arch.node
# nodelete: a worker that ends must not unload what its process's threads run.
"$cxx" -shared -o "$objects/addon" "$objects"/*.o "${more[@]}" -Wl,-z,nodelete -Wl,--no-undefined-version -ldl -lpthread
mv -f "$objects/addon" "$addon"
echo "built $addon"
