# A root of its own for one process: the Java runtime and shared libraries to read, a small
# temporary folder to write, nothing else. Runs as root of a new user namespace, with mount, process
# and network namespaces of its own. Arguments: an empty folder, the Java home, the folder with
# classes, the megabytes of the temporary folder, and the command with paths inside.
set -e
root=$1 java=$2 work=$3 size=$4
shift 4
mount=$(command -v mount) setpriv=$(command -v setpriv)
mount -t tmpfs -o size=1m,mode=755,nosuid,nodev none "$root"
cd "$root"
mkdir -p java work tmp dev old proc/self usr/lib usr/lib64 lib lib64
# The loader finds the runtime's libraries through this link; there is no other /proc, and so no way
# to read the memory of the process through it.
ln -s /java/bin/java proc/self/exe
bind() {
  mount --bind "$1" "$2"
  mount -o "remount,bind,ro,nosuid,nodev$3" "$2"
}
bind "$java" java
# Java starts processes through this helper and no other way.
mount --bind /dev/null java/lib/jspawnhelper
for folder in lib lib64 usr/lib usr/lib64; do
  if [ -d "/$folder" ]; then bind "/$folder" "$folder"; fi
done
# Some distributions keep a runtime's settings here and link to them.
for folder in /etc/java-*; do
  if [ -d "$folder" ]; then mkdir -p ".$folder" && bind "$folder" ".$folder"; fi
done
bind "$work" work ,noexec
mount -t tmpfs -o "size=${size}m,mode=777,nosuid,nodev,noexec" none tmp
: >setpriv
mount --bind "$setpriv" setpriv
for device in null urandom random; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
mount -o remount,ro none .
pivot_root . old
"/old$mount" -t tmpfs -o ro,size=4k none /old
cd /tmp
exec /setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"
