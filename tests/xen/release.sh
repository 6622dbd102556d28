# Which Xen, for the scripts here to source: XEN_RELEASE, 4.17 unless told. Each release has a cache of its own.
# shellcheck shell=bash disable=SC2034
release=${XEN_RELEASE:-4.17}
cache=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/cache/$release
