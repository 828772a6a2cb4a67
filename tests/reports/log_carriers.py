"""The layouts in which a log line arrives, and what is put around it, as functions of a line.

Layouts of logcat: liblog's logprint.c; of Android Studio: its logcat window of 2014, 2018 and 2022; of
kernels: printk, dmesg, journald, and vendors' patches as seen in public logs.
"""

# ruff: noqa: E501 - lines of logs are as long as they are

from __future__ import annotations

import html
import json
from collections.abc import Callable

MESSAGES = {
    "lmkd 15": (
        "lowmemorykiller",
        "Kill 'com.example.app' (3946), uid 10144, oom_score_adj 100 to free 266188kB rss, 37404kB swap; reason: "
        "low watermark is breached and swap is low (35360kB < 37744kB)",
    ),
    "lmkd 12": (
        "lowmemorykiller",
        "Kill 'com.example.app' (3946), uid 10144, oom_score_adj 100 to free 69128kB rss, 0kb swap",
    ),
    "lmkd 11": (
        "lowmemorykiller",
        "Kill 'com.example.app' (3946), uid 10144, oom_adj 925 to free 23056kB; reason: device is in direct "
        "reclaim and thrashing (32%)",
    ),
    "Samsung": (
        "lmkd",
        "Reclaim 'com.example.app' (3946), uid 10144, oom_score_adj 935, state 19 to free 41708kB rss, 39712kB "
        "swap; reason: low watermark is breached",
    ),
    "Quest": (
        "lowmemorykiller",
        "Kill 'com.example.app' (3946), uid 10144, oom_score_adj 0 to free 4179252kb rss, and 1923008kB swap; "
        "reason: low watermark is breached and swap is low",
    ),
    "watchdog": ("lowmemorykiller", "lmkd watchdog killed process 3946, oom_score_adj 950"),
    "killinfo": (
        "killinfo",
        "[3946,10163,101,0,130984,-1,198012,984136,20000,1000,9000,5000" + ",7" * 26 + "]",
    ),
    "am_kill": ("am_kill", "[0,3946,com.example.app,910,excessive cpu 9100 during 300052 limit=2,310424]"),
    "am_proc_died": ("am_proc_died", "[0,3946,com.example.app,920,19]"),
    "Killing": ("ActivityManager", "Killing 3946:com.example.app:sub/u0a134 (adj 906): DHA:empty #33"),
    "has died": ("ActivityManager", "Process com.example.app (pid 3946) has died: cch+35 CEM (337,2076)"),
    "Samsung's has died": (
        "ActivityManager",
        "Process com.example.app (pid 3946)(adj 9) has died(154,1779)",
    ),
    "No longer want": ("ActivityManager", "No longer want com.example.app (pid 3946): hidden #16"),
    "exit-info": (
        "ActivityManager",
        "info=ApplicationExitInfo(timestamp=02/07/26, 17.46 pid=3946 realUid=10509 user=0 process=com.example.app "
        "reason=10 (USER REQUESTED) subreason=21 (FORCE STOP) status=0 importance=100 pss=0,00 rss=618MB "
        "description=stop com.example.app due to from pid 23995 state=empty trace=null",
    ),
}
"""Tag and message of each kind of record."""

LISTS = {"killinfo", "am_kill", "am_proc_died"}
"""Events: without their tag, nobody knows what their values are."""

KERNELS_MESSAGES = {
    "OOM 5.10": "Out of memory: Killed process 3946 (com.example.app) total-vm:1600000kB, anon-rss:180000kB, "
    "file-rss:20000kB, shmem-rss:0kB, UID:10123 pgtables:412kB oom_score_adj:906",
    "OOM 3.0": "Killed process 3946 (com.example.app) total-vm:258000kB, anon-rss:33000kB, file-rss:3272kB",
    "OOM memcg": "Memory cgroup out of memory: Killed process 3946 (com.example.app) total-vm:16kB, anon-rss:8kB",
    "choice": "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task=com.example.app,pid=3946,uid=10198",
    "driver": "lowmemorykiller: Killing 'd.process.media' (3946), adj 999,",
    "driver 2.6": "send sigkill to 3946 (Usage), adj 10, size 5552",
    "simple_lmk": "simple_lmk: Killing android.carrier with adj 906 to free 37420 kiB",
}

DAY, TIME = "09-07", "01:55:44.794"
Layout = Callable[[str, str], str]
LAYOUTS: dict[str, Layout] = {
    "threadtime": lambda tag, text: f"{DAY} {TIME}   479   479 I {tag:<8}: {text}",
    "usec": lambda tag, text: f"{DAY} {TIME}123   479   479 I {tag:<8}: {text}",
    "year": lambda tag, text: f"2026-{DAY} {TIME}   479   479 I {tag:<8}: {text}",
    "zone": lambda tag, text: f"2026-{DAY} {TIME} +0200   479   479 I {tag:<8}: {text}",
    "uid": lambda tag, text: f"{DAY} {TIME}  1000   479   479 I {tag:<8}: {text}",
    "uid by name": lambda tag, text: f"{DAY} {TIME} u0_a144   479   479 I {tag:<8}: {text}",
    "epoch": lambda tag, text: f"         1760000100.002   479   479 I {tag:<8}: {text}",
    "epoch, uid": lambda tag, text: f"         1760000100.002970  lmkd  479   479 I {tag:<8}: {text}",
    "monotonic": lambda tag, text: f"    12345.678901   479   479 I {tag:<8}: {text}",
    "time": lambda tag, text: f"{DAY} {TIME} I/{tag:<8}(  479): {text}",
    "time, uid": lambda tag, text: f"{DAY} {TIME} I/{tag:<8}( 1000:  479): {text}",
    "brief": lambda tag, text: f"I/{tag:<8}(  479): {text}",
    "tag": lambda tag, text: f"I/{tag:<8}: {text}",
    "process": lambda tag, text: f"I(  479) {text}  ({tag})",
    "long": lambda tag, text: f"[ {DAY} {TIME}   479:  479 I/{tag:<8} ]\n{text}\n",
    "long, year, zone, uid": lambda tag, text: f"[ 2026-{DAY} {TIME} +0200  10:  4:  4 I/{tag} ]\n{text}\n",
    "Studio 2022": lambda tag, text: f"2026-{DAY} {TIME}   479-479   {tag:<23} {'pid-479':<36} I  {text}",
    "Studio 2018": lambda tag, text: f"2026-{DAY} {TIME} 479-479/? I/{tag}: {text}",
    "Studio 2018, app": lambda tag, text: f"{DAY} {TIME} 479-479/com.example I/{tag}: {text}",
    "Studio 2014": lambda tag, text: f"{DAY} {TIME}   479-479/? I/{tag}﹕ {text}",
    "clock only": lambda tag, text: f"{TIME}  479  479 I {tag}: {text}",
    "clock, no level": lambda tag, text: f"{TIME}  {tag}: {text}",
    "date, no level": lambda tag, text: f"{DAY} {TIME}  479  479 {tag}: {text}",
    "no level": lambda tag, text: f"{tag}: {text}",
    "pidcat": lambda tag, text: f"   {tag:>20}  I  {text}",
    "colour": lambda tag, text: f"\x1b[38;5;40m{DAY} {TIME}   479   479 I {tag:<8}: {text}\x1b[0m",
    "colour, escape lost": lambda tag, text: f"[38;5;40m{DAY} {TIME}   479   479 I {tag:<8}: {text}[0m",
    "Docker": lambda tag, text: json.dumps(
        {"log": f"{DAY} {TIME}   4   4 I {tag}: {text}\n", "stream": "stdout"}
    ),
    "JSON": lambda tag, text: json.dumps({"time": "2026-09-07T01:55:44Z", "tag": tag, "message": text}),
    "JSON, for web pages": lambda tag, text: json.dumps({"tag": tag, "message": text}).replace(
        "'", r"\u0027"
    ),
    "CSV": lambda tag, text: f'"{DAY} {TIME}","479","479","I","{tag}","{text}"',
    "tabs": lambda tag, text: f"{DAY} {TIME}\t479\t479\tI\t{tag}\t{text}",
}

UNTAGGED_LAYOUTS: dict[str, Layout] = {
    "raw": lambda _, text: text,
    "thread": lambda _, text: f"I(  479:  479) {text}",
    "Studio, compact": lambda _, text: f"{TIME}  I  {text}",
}
"""Layouts that leave the tag out."""

KERNELS_LAYOUTS: dict[str, Callable[[str], str]] = {
    "bare": lambda text: text,
    "dmesg": lambda text: f"[  600.123456] {text}",
    "dmesg -r": lambda text: f"<3>[  600.123456] {text}",
    "level": lambda text: f"<3>{text}",
    "caller": lambda text: f"[  600.123456][  T321] {text}",
    "Spreadtrum": lambda text: f"<3>[  600.123456] c3    41 {text}",
    "MediaTek": lambda text: f"[239.165493]<3>.(1)[70:kswapd0]{text}",
    "HiSilicon": lambda text: f"[600.123456s][pid:41,cpu0,kswapd0]{text}",
    "Samsung": lambda text: f"<3>[  600.123456] I[0:        kswapd0:   41] {text}",
    "Xiaomi": lambda text: f"[  600.123456] [09-07 01:55:44.794@3]  [kswapd0] {text}",
    "Unisoc": lambda text: f"04166 < 3> [   36.172486] [03-19 10:05:52.172] {text}",
    "Amlogic": lambda text: f"[    0.479428] [    0.479414]@0 {text}",
    "Transsion": lambda text: f"[ 3701.222222] [3701:11_see]{text}",
    "Qualcomm": lambda text: f"309.908906:   <6> {text}",
    "Qualcomm, two clocks": lambda text: f"[  309.908906 / 01-01 00:05:09.900][41] {text}",
    "dmesg -T": lambda text: f"[Mon Sep  7 01:55:44 2026] {text}",
    "dmesg -T, French": lambda text: f"[dim. 19 avril 18:03:30 2026] {text}",
    "dmesg -T, Chinese": lambda text: f"[一 9月  7 01:55:44 2026] {text}",
    "dmesg -T, Russian": lambda text: f"[Пн сен  7 01:55:44 2026] {text}",
    "dmesg -T, Arabic": lambda text: f"[الاثنين سبتمبر  7 01:55:44 2026] {text}",
    "dmesg -x": lambda text: f"kern  :err   : [   81.949059] {text}",
    "dmesg -e": lambda text: f"[Sep 7 01:55] {text}",
    "dmesg -e, later": lambda text: f"[  +0.000012] {text}",
    "dmesg -d": lambda text: f"[  600.123456 <    0.000012>] {text}",
    "dmesg, ISO": lambda text: f"2025-01-21T04:41:44,100000+00:00 {text}",
    "/dev/kmsg": lambda text: f"3,103,10030000,-,caller=T321;{text}",
    "milliseconds": lambda text: f"[ 834.095] {text}",
    "journal": lambda text: f"Sep 18 10:14:03 phone kernel: {text}",
    "journal, ISO": lambda text: f"2026-09-18T10:14:02.123456+02:00 phone kernel: {text}",
    "journal, monotonic": lambda text: f"[ 9623.613667] phone kernel: {text}",
    "journal, full": lambda text: f"Fri 2026-09-18 10:14:02 CEST phone kernel: {text}",
    "logcat": lambda text: f"{DAY} {TIME}     0     0 E         : {text}",
    "logcat, tag": lambda text: f"{DAY} {TIME}     0     0 E kernel  : {text}",
    "logcat, MediaTek": lambda text: f"{DAY} {TIME}     0     0 W KERNEL  : {text}",
    "logcat, no colon": lambda text: f"{DAY} {TIME}  root     0     0 E {text}",
    "serial console": lambda text: f"[2026-09-07 01:55:44.794] [  600.123456] {text}",
}

WRAPPERS: dict[str, Callable[[str], str]] = {
    "nothing": lambda line: line,
    "indent": lambda line: f"    {line}",
    "tab": lambda line: f"\t{line}",
    "mail": lambda line: f"> {line}",
    "mail, twice": lambda line: f"> > {line}",
    "bullet": lambda line: f"• {line}",
    "diff": lambda line: f"+{line}",
    "backticks": lambda line: f"`{line}`",
    "number": lambda line: f"123: {line}",
    "number, bar": lambda line: f"123 | {line}",
    "grep": lambda line: f"logcat.txt:123:{line}",
    "GitHub": lambda line: f"2026-09-07T01:55:44.9012345Z {line}",
    "GitHub's jobs": lambda line: f"test\tRun tests\t2026-09-07T01:55:44.9012345Z {line}",
    "Jenkins": lambda line: f"[2026-09-07T01:55:44.901Z] {line}",
    "TeamCity": lambda line: f"[01:55:44][Step 1/2] {line}",
    "Python's logging": lambda line: f"INFO  [2026-09-07 01:55:44] {line}",
    "Kubernetes": lambda line: f"2026-09-07T01:55:44.901234567Z stdout F {line}",
    "Compose": lambda line: f"device-1  | {line}",
    "syslog": lambda line: f"Sep  7 01:55:44 host adb[1234]: {line}",
    "ts": lambda line: f"Sep 07 01:55:44 {line}",
    "entities": html.escape,
    "entities, twice": lambda line: html.escape(html.escape(line)),
    "paragraph": lambda line: f"<p>{html.escape(line)}</p>",
    "code": lambda line: f"<code>{line}</code>",
    "break": lambda line: f"{line}<br>",
    "no-break spaces": lambda line: line.replace(" ", "\u00a0"),
    "typographic": lambda line: line.replace("'", "’"),
    "byte order mark": lambda line: f"\ufeff{line}",
    "table": lambda line: f"| {line} |",
    "quoted": lambda line: f'"{line}"',
    "JSON list": lambda line: f"  {json.dumps(line)},",
    "carriage returns": lambda line: f"{line}\r\r",
    "NUL": lambda line: f"{line}\0",
    "comma": lambda line: f",{line}",
    "serial": lambda line: f"[emulator-5554] {line}",
    "brackets": lambda line: f"({line})",
    "spoiler": lambda line: f"||{line}||",
    "Jira": lambda line: f"{{noformat}}{line}",
    "words": lambda line: f"and then this: {line}",
}
