// What the stand-in system_server does when a process ends.
#pragma once

#include "apps.h"
#include "exits.h"

// Of this app, which then is forgotten.
void death_note(struct app *app, struct exit_cause cause);
// Of all children that have ended.
void deaths_note(void);
