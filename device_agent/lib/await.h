// Waits for a semaphore despite signals.
#pragma once

#include <semaphore.h>

// Like sem_wait(3), but continues after a signal.
void await(sem_t *semaphore);
