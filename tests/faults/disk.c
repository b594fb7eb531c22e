/* A disk that fails on command and forgets what was not flushed.
 *
 * Preloaded into a process, it watches the files below FAULT_ROOT:
 *   FAULT_TRACE    every write and flush is appended there in order, and what goes to standard output
 *   FAULT_SHADOW   directory with what a power cut would leave: only ranges that were flushed
 *   FAULT_CONTROL  one byte, mapped: bit 0 writes fail (ENOSPC), bit 1 flushes fail (EIO), bit 2 writes fail (EIO),
 *                  bit 3 writes and truncations fail (EROFS), as after a read-only remount
 *   FAULT_FLUSH_US microseconds that every flush of a file takes, for a slow disk: it sleeps and flushes nothing, so
 *                  that the machine's own disk does not count. For measuring alone
 * A flush that fails drops its ranges for good, as Linux does: the pages count as clean afterwards.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FULL = 1, BROKEN = 2, FAILING = 4, READONLY = 8, FILES = 32, RANGES = 1 << 16 };

struct file {
    char name[256];
    int count;
    struct { off_t at; size_t size; } dirty[RANGES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files[FILES];
static const char *root, *shadow;
static int trace = -1;
static volatile unsigned char *control;
static long slow;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void start(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    root = getenv("FAULT_ROOT");
    shadow = getenv("FAULT_SHADOW");
    if (getenv("FAULT_FLUSH_US")) slow = atol(getenv("FAULT_FLUSH_US"));
    const char *path = getenv("FAULT_TRACE");
    if (path) trace = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    path = getenv("FAULT_CONTROL");
    if (path) {
        int handle = open(path, O_RDWR | O_CLOEXEC);
        void *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
        if (map != MAP_FAILED) control = map;
        close(handle);
    }
}

/* The name below the root, or NULL if the file is none of ours. */
static const char *watched(int fd, char *path, size_t size) {
    char link[64];
    struct stat found;
    if (!root || fd < 0) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    size_t prefix = strlen(root);
    if (length <= (ssize_t)prefix) return NULL;
    path[length] = 0;
    if (strncmp(path, root, prefix) || path[prefix] != '/' || fstat(fd, &found) || !S_ISREG(found.st_mode)) return NULL;
    return path + prefix + 1;
}

static void note(char what, const char *name, long long at, long long size) {
    char line[512];
    if (trace < 0) return;
    int length = snprintf(line, sizeof line, "%c %s %lld %lld\n", what, name, at, size);
    real_write(trace, line, length);
}

static struct file *of(const char *name) {
    for (int i = 0; i < FILES; i++) {
        if (!files[i]) {
            files[i] = calloc(1, sizeof(struct file));
            strncpy(files[i]->name, name, sizeof files[i]->name - 1);
        }
        if (!strcmp(files[i]->name, name)) return files[i];
    }
    abort();
}

static void remember(const char *name, off_t at, size_t size) {
    if (slow) return;
    pthread_mutex_lock(&lock);
    struct file *file = of(name);
    if (file->count == RANGES) abort();
    file->dirty[file->count].at = at;
    file->dirty[file->count++].size = size;
    note('W', name, at, size);
    pthread_mutex_unlock(&lock);
}

/* Carry the ranges written since the last flush over to the shadow, or forget them. */
static void flushed(int fd, const char *name, int kept) {
    char path[4096], buffer[65536], source[64];
    struct stat found;
    pthread_mutex_lock(&lock);
    struct file *file = of(name);
    if (shadow && kept) {
        snprintf(path, sizeof path, "%s/%s", shadow, name);
        snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
        int to = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), from = fd;
        /* a second descriptor only where the first cannot read: closing one drops SQLite's locks on the file */
        if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) from = open(source, O_RDONLY | O_CLOEXEC);
        if (to < 0 || from < 0) abort();
        for (int i = 0; i < file->count; i++)
            for (size_t done = 0; done < file->dirty[i].size;) {
                size_t rest = file->dirty[i].size - done;
                ssize_t got = pread(from, buffer, rest < sizeof buffer ? rest : sizeof buffer, file->dirty[i].at + done);
                if (got <= 0) break;
                real_pwrite(to, buffer, got, file->dirty[i].at + done);
                done += got;
            }
        if (!fstat(fd, &found)) real_ftruncate(to, found.st_size);
        if (from != fd) close(from);
        close(to);
    }
    file->count = 0;
    note(kept ? 'F' : 'E', name, 0, 0);
    pthread_mutex_unlock(&lock);
}

static int denied(int bit, int error) {
    if (!control || !(*control & bit)) return 0;
    errno = error;
    return 1;
}

static int unwritable(void) { return denied(FULL, ENOSPC) || denied(FAILING, EIO) || denied(READONLY, EROFS); }

ssize_t write(int fd, const void *data, size_t size) {
    char path[4096];
    const char *name = watched(fd, path, sizeof path);
    if (!name) {
        if (fd == 1 && trace >= 0) {
            char text[64] = {0};
            memcpy(text, data, size < 60 ? size : 60);
            text[strcspn(text, "\n")] = 0;
            note('A', text[0] ? text : "-", 0, 0);
        }
        return real_write(fd, data, size);
    }
    if (unwritable()) return -1;
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = real_write(fd, data, size);
    if (done > 0) remember(name, at, done);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
    char path[4096];
    const char *name = watched(fd, path, sizeof path);
    if (name && unwritable()) return -1;
    ssize_t done = real_pwrite(fd, data, size, at);
    if (name && done > 0) remember(name, at, done);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

/* A flush of the directory makes removals durable. */
static void forget_removed(int fd) {
    char path[4096], link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!root || !shadow || length != (ssize_t)strlen(root) || strncmp(path, root, length)) return;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FILES && files[i]; i++) {
        snprintf(path, sizeof path, "%s/%s", root, files[i]->name);
        if (!access(path, F_OK)) continue;
        snprintf(path, sizeof path, "%s/%s", shadow, files[i]->name);
        unlink(path);
    }
    pthread_mutex_unlock(&lock);
}

static int flush(int fd, int (*real)(int)) {
    char path[4096];
    const char *name = watched(fd, path, sizeof path);
    if (!name) {
        int result = real(fd);
        if (!result) forget_removed(fd);
        return result;
    }
    if (slow) {
        struct timespec time = {slow / 1000000, slow % 1000000 * 1000};
        nanosleep(&time, NULL);
        return 0;
    }
    if (denied(BROKEN, EIO)) {
        flushed(fd, name, 0);
        errno = EIO;
        return -1;
    }
    int result = real(fd);
    if (!result) flushed(fd, name, 1);
    return result;
}

int ftruncate64(int fd, off_t size) {
    char path[4096];
    if (watched(fd, path, sizeof path) && unwritable()) return -1;
    return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fsync(int fd) { return flush(fd, real_fsync); }
int fdatasync(int fd) { return flush(fd, real_fdatasync); }
