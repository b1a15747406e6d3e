#!/usr/bin/env bash
# fetch-headers.sh FOLDER: brings TensorRT's headers to a machine that has no TensorRT, so that the addon compiles there:
# FOLDER/<version>/*.h, and cuda_runtime_api.h with the two types that they need of the CUDA toolkit. The package trtx-sys
# on crates.io carries both (Apache-2.0), one release of TensorRT in each of its own. To compile only: nothing of it runs.
set -euo pipefail

folder=${1:?usage: fetch-headers.sh FOLDER}
# TensorRT version = version of trtx-sys. Two packages of one name cannot stand in one manifest: a manifest for each.
releases=(10.16=0.5.0 11.4=0.9.1)

command -v cargo >/dev/null || {
  echo "TensorRT's headers are fetched with cargo, which is not installed. Install it (Debian: apt-get install cargo), or TensorRT's own headers (libnvinfer-headers-dev, or TENSORRT_INCLUDE=FOLDER)." >&2
  exit 3
}

mkdir -p "$folder"
work=$(mktemp -d "$folder/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
for release in "${releases[@]}"; do
  version=${release%%=*}
  [[ ! -e "$folder/$version/NvInfer.h" ]] || continue
  manifest="$work/$version/Cargo.toml"
  mkdir -p "$work/$version"
  touch "$work/$version/lib.rs"
  printf '[package]\nname = "headers"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n[dependencies]\ntrtx-sys = "=%s"\n' "${release#*=}" >"$manifest"
  echo "fetching the headers of TensorRT $version (trtx-sys ${release#*=})"
  # Downloads the sources and says where they lie; builds nothing.
  cargo metadata --quiet --format-version 1 --manifest-path "$manifest" >"$work/$version/metadata.json" || {
    echo "cargo could not bring trtx-sys ${release#*=} from crates.io (its message stands above)." >&2
    exit 3
  }
  package=$(node -p 'const { packages } = JSON.parse(fs.readFileSync(0, "utf8")); path.dirname(packages.find(({ name }) => name === "trtx-sys").manifest_path)' <"$work/$version/metadata.json")
  cp -r "$package/TensorRT-Headers/TRT-Enterprise-$version" "$work/headers"
  cp "$package/TensorRT-Headers/cuda_runtime_api.h" "$work/headers"
  mv "$work/headers" "$folder/$version"
done
