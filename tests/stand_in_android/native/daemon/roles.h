// What stand-in-android can be: each takes its words with its own name first, and returns an exit status.
#pragma once

int lmkd_main(int count, char **words);
int lmkd_reinit_main(int count, char **words);
int system_main(int count, char **words);
int ask_main(int count, char **words);
int log_main(int count, char **words);
int logcat_main(int count, char **words);
int run_as_main(int count, char **words);
int as_shell_main(int count, char **words);
int locked_main(int count, char **words);
