"""Kernel logs of OOM kills, written from the format strings in mm/oom_kill.c of each kernel.

The texts of 4.14, 4.19, 5.10 and 6.12 were checked against the kernels' sources; those of 4.9 and 5.4 follow
logs from kernels of that age. Numbers and names are made up.
"""

# ruff: noqa: E501 - lines of logs are as long as they are

from __future__ import annotations

LINUX_4_9 = """\
[  100.000001] Chrome_IOThread invoked oom-killer: gfp_mask=0x24201ca(GFP_HIGHUSER_MOVABLE|__GFP_COLD), nodemask=0, order=0, oom_score_adj=0
[  100.000002] CPU: 0 PID: 900 Comm: Chrome_IOThread Not tainted 4.9.270 #1
[  100.000003] [ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name
[  100.000004] [  321]  1000   321   250000    12000      90       4     5000          -900 system_server
[  100.000005] [ 4242] 10123  4242   400000    50000     210       5    12000           906 com.example.app
[  100.000006] Out of memory: Kill process 4242 (com.example.app) score 930 or sacrifice child
[  100.000007] Killed process 4242 (com.example.app) total-vm:1600000kB, anon-rss:180000kB, file-rss:20000kB, shmem-rss:0kB
[  100.100008] oom_reaper: reaped process 4242 (com.example.app), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
"""
LINUX_4_14 = """\
<4>[  200.000001] kswapd0 invoked oom-killer: gfp_mask=0x14200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null),  order=0, oom_score_adj=0
<6>[  200.000003] [ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name
<6>[  200.000004] [  321]  1000   321   250000    12000      90       4     5000          -900 system_server
<6>[  200.000005] [ 4242] 10123  4242   400000    50000     210       5    12000           906 le with a space
<3>[  200.000006] Out of memory: Kill process 4242 (le with a space) score 930 or sacrifice child
<3>[  200.000007] Killed process 4250 (a child) total-vm:1600000kB, anon-rss:180000kB, file-rss:20000kB, shmem-rss:0kB
<6>[  200.100008] oom_reaper: reaped process 4250 (a child), now anon-rss:0kB, file-rss:0kB, shmem-rss:12kB
"""
LINUX_4_19 = """\
[  300.000001] main invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=-900
[  300.000002] Tasks state (memory values in pages):
[  300.000003] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[  300.000004] [    321]  1000   321   250000    12000   126976     5000          -900 system_server
[  300.000005] [   4242] 10123  4242   400000    50000   421888    12000           906 com.example.app
[  300.000006] Memory cgroup out of memory: Kill process 4242 (com.example.app) score 930 or sacrifice child
[  300.000007] Killed process 4242 (com.example.app) total-vm:1600000kB, anon-rss:180000kB, file-rss:20000kB, shmem-rss:0kB
"""
LINUX_5_4 = """\
[  400.000001][  T321] main invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
[  400.000002][  T321] Tasks state (memory values in pages):
[  400.000003][  T321] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[  400.000004][  T321] [    321]  1000   321   250000    12000   126976     5000          -900 system_server
[  400.000005][  T321] [   4242] 10123  4242   400000    50000   421888    12000           906 com.example.app
[  400.000006][  T321] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=foreground,mems_allowed=0,global_oom,task_memcg=/apps/uid_10123/pid_4242,task=com.example.app,pid=4242,uid=10123
[  400.000007][  T321] Out of memory: Killed process 4242 (com.example.app) total-vm:1600000kB, anon-rss:180000kB, file-rss:20000kB, shmem-rss:0kB, UID:10123 pgtables:421888kB oom_score_adj:906
[  400.100008][   T54] oom_reaper: reaped process 4242 (com.example.app), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
"""
LINUX_5_10 = LINUX_5_4.replace("pgtables:421888kB", "pgtables:412kB").replace("[  400.", "<4>[  500.")
LINUX_6_12 = """\
[  600.000001] [    C0] binder:321_4 invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=-900
[  600.000002] [    C0] Tasks state (memory values in pages):
[  600.000003] [    C0] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
[  600.000004] [    C0] [    321]  1000   321   250000    12000     9000     3000         0   126976     5000          -900 system_server
[  600.000005] [    C0] [   4242] 10123  4242   400000    50000    45000     5000         0   421888    12000           906 com.example.app
[  600.000006] [    C0] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/apps,task_memcg=/apps/uid_10123,task=com.example.app,pid=4242,uid=10123
[  600.000007] [    C0] Memory cgroup out of memory: Killed process 4242 (com.example.app) total-vm:1600000kB, anon-rss:180000kB, file-rss:20000kB, shmem-rss:0kB, UID:10123 pgtables:412kB oom_score_adj:906
[  600.000008] [    C0] Tasks in /apps/uid_10123 are going to be killed due to memory.oom.group set
[  600.000009] [    C0] Memory cgroup out of memory: Killed process 4243 (e.app:service) total-vm:1000kB, anon-rss:10kB, file-rss:20kB, shmem-rss:0kB, UID:10123 pgtables:12kB oom_score_adj:906
"""
LOGS_BY_KERNEL = {
    "4.9": LINUX_4_9,
    "4.14": LINUX_4_14,
    "4.19": LINUX_4_19,
    "5.4": LINUX_5_4,
    "5.10": LINUX_5_10,
    "6.12": LINUX_6_12,
}
