// Retries sem_wait(3) after EINTR.
#include "await.h"

#include <errno.h>

void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0 && errno == EINTR)
		;
}
