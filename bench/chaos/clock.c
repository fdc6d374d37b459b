// Preloaded into the site's programs: the wall clock is wrong by the seconds in the file that WRONG_CLOCK names.
// Monotonic clocks stay right, and waits until a time of the wrong clock take as long as they should.
// (libfaketime 0.9.10 breaks Python's sleep when asked for the same.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const time_t THIS_CENTURY = 946684800; // a monotonic time is far less

static const volatile int64_t *wrong_by;
static int (*right_clock)(clockid_t, struct timespec *);
static int (*right_condition)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*right_c11)(cnd_t *, mtx_t *, const struct timespec *);
static int (*right_semaphore)(sem_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
    right_condition = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"); // the unnamed version is an old one
    if (!right_condition) right_condition = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    right_c11 = dlsym(RTLD_NEXT, "cnd_timedwait");
    right_semaphore = dlsym(RTLD_NEXT, "sem_timedwait");
    right_clock = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("WRONG_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) wrong_by = page;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!right_clock) begin();
    int status = right_clock(clock, now);
    if (!status && wrong_by && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *wrong_by;
    return status;
}

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, now) ? base : 0;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    int status = clock_gettime(CLOCK_REALTIME, &precise);
    if (!status) *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return status;
}

time_t time(time_t *also) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (also) *also = now.tv_sec;
    return now.tv_sec;
}

static struct timespec right(const struct timespec *until) {
    time_t error = wrong_by && until->tv_sec > THIS_CENTURY ? *wrong_by : 0;
    return (struct timespec){until->tv_sec - error, until->tv_nsec};
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    if (!right_condition) begin();
    struct timespec at = right(until);
    return right_condition(condition, mutex, &at);
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    if (!right_c11) begin();
    struct timespec at = right(until);
    return right_c11(condition, mutex, &at);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    if (!right_semaphore) begin();
    struct timespec at = right(until);
    return right_semaphore(semaphore, &at);
}
