/* Shifts the time of day of one process by the seconds in the file $CLOCK_SHIFT, read on each call.
 * Built as a shared library and loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
	const char *path = getenv("CLOCK_SHIFT");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[24] = "0";
	if (file >= 0) {
		if (read(file, text, sizeof text - 1) < 0)
			text[0] = '0';
		close(file);
	}
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *time) {
	static int (*real)(clockid_t, struct timespec *);
	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(id, time);
	if (result == 0 && id == CLOCK_REALTIME)
		time->tv_sec += shift();
	return result;
}
