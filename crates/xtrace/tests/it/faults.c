/* Stands between the server and the C library, told by a shared file of three numbers: seconds added to the wall clock,
 * microseconds that each write-through takes longer, and whether the disk has become read-only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct told { int64_t clock_seconds, sync_micros, is_read_only; };
static struct told nothing;
static volatile struct told *told = &nothing;
static const char *disk = "";

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("XTRACE_FAULTS");
    if (!path) return;
    int file = NEXT(open64)(path, O_RDONLY);
    void *map = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map == MAP_FAILED) abort();
    disk = getenv("XTRACE_DATA_DIR");
    told = map;
}

/* Whether writing to a file is refused now. */
static int refused_at(const char *path) {
    if (!told->is_read_only || strncmp(path, disk, strlen(disk)) != 0) return 0;
    errno = EROFS;
    return 1;
}

static int refused(int file) {
    if (!told->is_read_only) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return refused_at(path);
}

static void be_slow(void) {
    int64_t micros = told->sync_micros;
    struct timespec rest = {micros / 1000000, micros % 1000000 * 1000};
    if (micros > 0) nanosleep(&rest, NULL);
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int done = NEXT(clock_gettime)(which, now);
    if (which == CLOCK_REALTIME) now->tv_sec += told->clock_seconds;
    return done;
}

#define WRITES(type, name, parameters, arguments) \
    type name parameters { return refused(file) ? -1 : NEXT(name) arguments; }
WRITES(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
WRITES(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
WRITES(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at))
WRITES(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at))
WRITES(int, ftruncate, (int file, off_t size), (file, size))
WRITES(int, ftruncate64, (int file, off64_t size), (file, size))

#define SYNCS(name) \
    int name(int file) { be_slow(); return refused(file) ? -1 : NEXT(name)(file); }
SYNCS(fsync)
SYNCS(fdatasync)

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT); \
        return writes && refused_at(path) ? -1 : NEXT(name)(path, flags, mode); \
    }
OPENS(open)
OPENS(open64)

int rename(const char *from, const char *to) { return refused_at(to) ? -1 : NEXT(rename)(from, to); }
int unlink(const char *path) { return refused_at(path) ? -1 : NEXT(unlink)(path); }
