#!/usr/bin/env bash
# Builds docker/Dockerfile and tries the image as a non-root user with a read-only root: without a Docker engine, by buildah
# (chroot isolation, vfs storage) on a Debian 12 base that debootstrap makes. Everything lies below .build/image.
#
# The base has no Swift toolchain of its own; the one on PATH is mounted while building. It needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$root/.build/image
mkdir -p "$work"

[ "$(id -u)" = 0 ] || { echo "make image-check needs root: debootstrap and chroot isolation do" >&2; exit 69; }

toolchain=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")")
storage=(--storage-driver vfs --root "$work/storage" --runroot "$work/run")

if [ ! -e "$work/base.tar" ]; then
    echo "making a Debian 12 base"
    mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p; s/^URIs: *\(http[^ ]*\).*/\1/p' /etc/apt/sources.list \
        /etc/apt/sources.list.d/* 2>/dev/null | grep -v security | head -1)
    rm -rf "$work/base"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" \
        "${mirror:-http://deb.debian.org/debian}" >"$work/debootstrap.log" 2>&1 ||
        { tail -20 "$work/debootstrap.log" >&2; exit 70; }
    cp /etc/apt/sources.list "$work/base/etc/apt/" 2>/dev/null || true
    cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$work/base/etc/apt/" 2>/dev/null || true
    tar -C "$work/base" -cf "$work/base.tar.part" .
    mv "$work/base.tar.part" "$work/base.tar"
    rm -rf "$work/base"
fi

if ! buildah "${storage[@]}" inspect --type image symbolist-base >/dev/null 2>&1; then
    base=$(buildah "${storage[@]}" from scratch)
    buildah "${storage[@]}" add "$base" "$work/base.tar" / >/dev/null
    buildah "${storage[@]}" commit --quiet "$base" symbolist-base >/dev/null
    buildah "${storage[@]}" rm "$base" >/dev/null
fi

# Packages that the host's git finds elsewhere (a mirror) are found there while building, too.
volumes=(--volume "$toolchain:/opt/swift:ro")
configuration=$work/gitconfig
git config --global --list 2>/dev/null | grep -q . && cp "$HOME/.gitconfig" "$configuration" &&
    volumes+=(--volume "$configuration:/root/.gitconfig:ro")
[ -e /etc/gitconfig ] && volumes+=(--volume /etc/gitconfig:/etc/gitconfig:ro)
while read -r folder; do
    [ -d "$folder" ] && volumes+=(--volume "$folder:$folder:ro")
done < <(git config --list 2>/dev/null | sed -n 's|^url\.\(file://\)\?\(/[^=]*\)\.insteadof=.*|\2|p' | sort -u)

echo "building the image"
buildah "${storage[@]}" bud --layers --isolation chroot --network host "${volumes[@]}" \
    --build-arg BASE=localhost/symbolist-base --build-arg RUNTIME=localhost/symbolist-base \
    --file docker/Dockerfile --tag symbolist . >"$work/build.log" 2>&1 || { tail -40 "$work/build.log" >&2; exit 70; }

container=$(buildah "${storage[@]}" from symbolist)
trap 'buildah "${storage[@]}" umount "$container" >/dev/null 2>&1; buildah "${storage[@]}" rm "$container" >/dev/null' EXIT
mount=$(buildah "${storage[@]}" mount "$container")

# A person's `docker run --read-only --user`: an unshared mount namespace in which the root is read-only, and uid 10001.
inside() {
    unshare --mount bash -c '
        set -e
        mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
        mount -t tmpfs tmpfs "$1/tmp"
        mkdir "$1/tmp/in" && mount --bind "$2" "$1/tmp/in"
        mount -t tmpfs -o uid=10001,gid=10001 tmpfs "$1/var/lib/symbolist"
        mount -t proc proc "$1/proc" 2>/dev/null || true
        shift 2
        exec chroot --userspec=10001:10001 "$mount" env -i \
            STATE_DIRECTORY=/var/lib/symbolist CACHE_DIRECTORY=/var/lib/symbolist/cache /usr/local/bin/symbolist "$@"
    ' inside "$mount" "$root/Fixtures/Till/Recorded" "$@"
}
export mount
inside --version
# Status 1: nobody has the debug information of Swift's own libraries.
inside symbolize --debug-file /tmp/in/till.debug /tmp/in/index.json >"$work/trace.txt" || [ $? = 1 ]
head -12 "$work/trace.txt"
grep -q 'Swift runtime failure: Index out of range' "$work/trace.txt"
grep -q 'Basket.swift:23:' "$work/trace.txt"
echo "image-check: the image runs as uid 10001 on a read-only root"
