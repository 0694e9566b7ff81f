/**
 * The shell script that builds the sandbox's own root and then runs the command in it.
 *
 * Arguments: an empty folder to build in, the number of binds, three arguments a bind (`ro` or `rw`, the host's real
 * path, the path inside), then the command. It runs as the mapped root of fresh user, mount, net, pid, ipc and uts
 * namespaces and ends as uid 65534 of a further user namespace, which cannot undo the mounts.
 *
 * - pivot_root comes before the binds of the caller's paths, so that these may contain the folder it builds in.
 * - `--rbind`, since a bind that would uncover something below a mount of the host is refused (mount_namespaces(7)).
 * - every mount below a read-only bind is made read-only too: the flag is not recursive.
 * - to the kernel the sandbox of root still has root's uid, and so could set the host's /proc/sys or the mode of its
 *   /dev/null: both are read-only (which does not stop writing *to* a device). The list is that of runc and bubblewrap.
 */
export const ROOT_SCRIPT = `
set -eu
build=$1 binds=$2
shift 2
umask 022

read_only() {
  while read -r _ _ _ _ point _; do
    case $point in *\\\\*) point=$(printf "$(printf %s "$point" | sed 's/%/%%/g')") ;; esac
    case $point in "$1" | "$1"/*) mount -o remount,bind,ro "$point" ;; esac
  done </proc/self/mountinfo
}

mount -t tmpfs -o mode=755,nosuid,nodev drillbook "$build"
cd "$build"
mkdir usr etc dev proc tmp old
mount --rbind /usr usr
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then cp -P "/$name" "$name"
  elif [ -d "/$name" ]; then mkdir "$name" && mount --rbind "/$name" "$name"
  fi
done

mkdir dev/shm
for name in null zero full random urandom; do
  : >"dev/$name"
  mount --bind "/dev/$name" "dev/$name"
  mount -o remount,bind,ro "dev/$name"
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777,nosuid,nodev drillbook dev/shm
mount -t tmpfs -o mode=1777,nosuid,nodev drillbook tmp
mount -t proc -o nosuid,nodev,noexec drillbook proc
for name in sys sysrq-trigger irq bus fs; do
  if [ -e "proc/$name" ]; then
    mount --bind "proc/$name" "proc/$name"
    mount -o remount,bind,ro "proc/$name"
  fi
done

echo 'drillbook:x:65534:65534:drillbook:/tmp:/bin/false' >etc/passwd
echo 'drillbook:x:65534:' >etc/group
echo '127.0.0.1 localhost' >etc/hosts
for name in ld.so.cache localtime; do
  if [ -e "/etc/$name" ]; then cp -L "/etc/$name" "etc/$name"; fi
done
if [ -d /etc/alternatives ]; then mkdir etc/alternatives && mount --rbind /etc/alternatives etc/alternatives; fi

pivot_root . old
cd /
for name in usr bin sbin lib lib32 lib64 libx32 etc/alternatives; do
  if [ -d "/$name" ] && ! [ -L "/$name" ]; then read_only "/$name"; fi
done
while [ "$binds" -gt 0 ]; do
  mode=$1 from=/old$2 to=$3
  shift 3
  binds=$((binds - 1))
  if [ -d "$from" ]; then mkdir -p "$to"
  elif ! [ -e "$to" ]; then mkdir -p "$(dirname "$to")" && : >"$to"
  fi
  mount --rbind "$from" "$to"
  if [ "$mode" = ro ]; then read_only "$to"; fi
done
umount -l /old
rmdir /old
mount -o remount,bind,ro /
exec unshare --user --map-user=65534 --map-group=65534 -- "$@"
`;
