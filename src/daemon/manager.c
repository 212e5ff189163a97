/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon as a whole: who makes whom, and in which order they go */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "core/directory.h"
#include "daemon/clock.h"
#include "daemon/control/control-server.h"
#include "daemon/avahi/lan.h"
#include "daemon/manager.h"
#include "daemon/node-log.h"
#include "daemon/suspend-watch.h"
#include "daemon/timer.h"
#include "util/fd.h"
#include "util/log.h"

/* How long goodbyes may take. With it the whole end takes less than a second. */
#define STOP_USEC (700 * USEC_PER_MSEC)

/* The status line follows changes, at most this often: a burst of them is one line. */
#define STATUS_USEC (200 * USEC_PER_MSEC)

struct Manager {
        sd_event *event;
        Directory *directory;
        Quota quota;
        Registry *registry;
        PeerReports *reports;
        PairReports *pairs;
        Refusals refusals;
        Lan *lan;
        ControlServer *control;
        NodeLog *log;
        SuspendWatch *suspend;
        sd_event_source *stop_timer;
        sd_event_source *expiry;
        sd_event_source *status;
        Config config;
        uint64_t started_usec;
        SocketFile socket_file;
};

/* --- STATUS, in systemd and in the control protocol --- */

static void count_directory(const Directory *directory, Stats *stats) {
        DirectoryStats counted;

        directory_get_stats(directory, &counted);
        stats->values[STAT_NODES] = counted.nodes;
        stats->values[STAT_HOSTS] = counted.hosts;
        stats->values[STAT_LOCAL] = counted.local;
        stats->values[STAT_STALE] = counted.stale;
        stats->values[STAT_UNHEARD] = counted.unheard;
        stats->values[STAT_ANNOUNCEABLE] = counted.announceable;
        stats->values[STAT_SIGHTINGS] = counted.sightings;
        stats->values[STAT_CONFLICTS] = counted.conflicts;
        stats->values[STAT_IGNORED_NAME] = counted.ignored[IGNORED_NAME];
        stats->values[STAT_IGNORED_LOCAL] = counted.ignored[IGNORED_LOCAL];
        stats->values[STAT_IGNORED_TXT] = counted.ignored[IGNORED_TXT];
        stats->values[STAT_IGNORED_PORT] = counted.ignored[IGNORED_PORT];
        stats->values[STAT_IGNORED_ADDRESS] = counted.ignored[IGNORED_ADDRESS];
        stats->values[STAT_IGNORED_LIMIT] = counted.ignored[IGNORED_LIMIT];
        stats->values[STAT_LIMIT_ENDPOINTS] = LIMIT_ENTRIES;
        stats->values[STAT_LIMIT_SIGHTINGS] = LIMIT_SIGHTINGS;
}

/* All numbers as they are now. */
static void count(const Manager *manager, Stats *ret) {
        *ret = (Stats){};
        count_directory(manager->directory, ret);
        quota_count(&manager->quota, ret);
        refusals_count(&manager->refusals, ret);
        if (manager->control)
                control_server_count(manager->control, ret);
        ret->values[STAT_ADVERTS] = lan_adverts(manager->lan);
        ret->values[STAT_TTL] = manager->config.ttl_sec;
        ret->values[STAT_UPTIME] =
                (clock_now(manager->event) - manager->started_usec) / USEC_PER_SEC;
}

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

static const char *avahi_trouble(const char *state) {
        return strcmp(state, "running") == 0 ? ""
               : strcmp(state, "hung") == 0  ? "; avahi-daemon hangs"
                                             : "; waiting for avahi-daemon";
}

static int on_status(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;
        uint64_t nodes, hosts;
        Stats stats;

        (void) source, (void) usec;

        count(manager, &stats);
        nodes = stats.values[STAT_NODES];
        hosts = stats.values[STAT_HOSTS];
        (void) sd_notifyf(false,
                          "STATUS=%" PRIu64 " node%s on %" PRIu64 " host%s, %" PRIu64 " local%s",
                          nodes, plural(nodes), hosts, plural(hosts), stats.values[STAT_LOCAL],
                          avahi_trouble(lan_state(manager->lan)));
        return 0;
}

static void schedule_status(Manager *manager) {
        if (!timer_is_armed(manager->status))
                timer_arm(manager->status, STATUS_USEC);
}

static void on_lan_changed(void *userdata) {
        schedule_status(userdata);
}

/* --- What happens to this host --- */

static void report(Manager *manager, Reason reason) {
        log_debug("this host is %s", reason_to_string(reason));
        if (manager->control)
                control_server_report(manager->control, reason);
}

static void on_readdressed(void *userdata) {
        report(userdata, REASON_READDRESSED);
}

static void on_resumed(void *userdata) {
        report(userdata, REASON_RESUMED);
}

static void write_status(void *userdata, LineWriter *writer) {
        Manager *manager = userdata;
        const char *host = directory_host(manager->directory);
        Stats stats;

        count(manager, &stats);
        line_writer_attribute(writer, "version", PACKAGE_VERSION);
        line_writer_attribute(writer, "avahi", lan_state(manager->lan));
        if (*host)
                line_writer_attribute(writer, "host", host);
        stats_write(&stats, writer);
}

/* --- What time changes --- */

static void arm_expiry(Manager *manager, uint64_t next_usec) {
        if (next_usec == UINT64_MAX)
                timer_disarm(manager->expiry);
        else
                timer_arm_at(manager->expiry, next_usec);
}

static void on_directory_alarm(void *userdata, uint64_t due_usec) {
        arm_expiry(userdata, due_usec);
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        (void) source, (void) usec;
        arm_expiry(manager, directory_expire(manager->directory, clock_now(manager->event)));
        return 0;
}

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        (void) event;
        schedule_status(userdata);
}

/* --- The end --- */

static int on_stop_late(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        (void) source, (void) usec;
        log_warning("avahi-daemon does not answer: ending without goodbyes");
        return sd_event_exit(manager->event, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Manager *manager = userdata;

        (void) source, (void) info;
        (void) sd_notify(false, "STOPPING=1");
        log_info("stopping");
        /* Here, for without avahi-daemon's answer nothing is freed. */
        node_log_stop(manager->log);
        socket_file_remove(&manager->socket_file);
        control_server_stop(manager->control);
        lan_stop(manager->lan);
        timer_arm(manager->stop_timer, STOP_USEC);
        return 0;
}

/* --- The beginning --- */

static int add_sources(Manager *manager) {
        int r;

        r = sd_event_add_signal(manager->event, NULL, SIGTERM, on_signal, manager);
        if (r >= 0)
                r = sd_event_add_signal(manager->event, NULL, SIGINT, on_signal, manager);
        if (r >= 0)
                r = timer_new(&manager->stop_timer, manager->event, CLOCK_MONOTONIC, USEC_PER_MSEC,
                              on_stop_late, "stop", manager);
        if (r >= 0)
                r = timer_new(&manager->expiry, manager->event, CLOCK_BOOTTIME, USEC_PER_SEC,
                              on_expiry, "expiry", manager);
        if (r >= 0)
                r = timer_new(&manager->status, manager->event, CLOCK_MONOTONIC, STATUS_USEC,
                              on_status, "status", manager);
        if (r >= 0)
                r = sd_event_set_watchdog(manager->event, true);
        return r;
}

static int add_registry(Manager *manager) {
        uint32_t seed;
        int r;

        manager->quota = (Quota) QUOTA_INIT(geteuid());
        if (getrandom(&seed, sizeof(seed), 0) < 0)
                return -errno;
        r = registry_new(&manager->registry, manager->directory, &manager->quota, seed);
        if (r < 0)
                return r;
        r = peer_reports_new(&manager->reports, manager->directory, &manager->quota);
        if (r < 0)
                return r;
        return pair_reports_new(&manager->pairs, &manager->quota);
}

static int add_control(Manager *manager, int listener) {
        ControlServices services = {
                .event = manager->event,
                .directory = manager->directory,
                .registry = manager->registry,
                .reports = manager->reports,
                .pairs = manager->pairs,
                .quota = &manager->quota,
                .refusals = &manager->refusals,
                .write_status = write_status,
                .userdata = manager,
        };

        return control_server_new(&manager->control, &services, listener);
}

int manager_new(Manager **ret, int listener, const Config *config) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        _cleanup_close_ int fd = listener;
        int r;

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;
        manager->config = *config;
        refusals_init(&manager->refusals);

        r = sd_event_new(&manager->event);
        if (r < 0)
                return r;
        manager->started_usec = clock_now(manager->event);
        r = directory_new(&manager->directory);
        if (r >= 0)
                r = add_registry(manager);
        if (r >= 0)
                r = add_sources(manager);
        if (r >= 0)
                r = node_log_new(&manager->log, manager->event, manager->directory,
                                 manager->registry, LIMIT_LOG_WINDOW_SEC * USEC_PER_SEC);
        if (r < 0)
                return r;
        directory_observe(manager->directory, on_directory_event, manager);
        directory_set_alarm(manager->directory, on_directory_alarm, manager);
        directory_set_ttl(manager->directory, config->ttl_sec * USEC_PER_SEC);
        r = lan_new(&manager->lan, manager->event, manager->directory, config,
                    &(LanHandler){ on_lan_changed, on_readdressed, manager });
        if (r >= 0)
                r = suspend_watch_new(&manager->suspend, manager->event, on_resumed, manager);
        if (r >= 0)
                r = add_control(manager, TAKE_FD(fd));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        /* Ending a registration changes the directory, which tells the LAN; it is no news for the
         * log. */
        if (manager->log)
                node_log_stop(manager->log);
        socket_file_remove(&manager->socket_file);
        control_server_free(manager->control);
        lan_free(manager->lan);
        pair_reports_free(manager->pairs);
        peer_reports_free(manager->reports);
        registry_free(manager->registry);
        quota_done(&manager->quota);
        directory_free(manager->directory);
        node_log_free(manager->log);
        suspend_watch_free(manager->suspend);
        sd_event_source_disable_unref(manager->status);
        sd_event_source_disable_unref(manager->expiry);
        sd_event_source_disable_unref(manager->stop_timer);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}

void manager_own_socket_file(Manager *manager, const SocketFile *file) {
        manager->socket_file = *file;
}

int manager_run(Manager *manager) {
        int r;

        (void) sd_notify(false, "READY=1");
        schedule_status(manager);
        r = sd_event_loop(manager->event);
        /* However the loop has ended, nobody is served any more. */
        socket_file_remove(&manager->socket_file);
        return r;
}

bool manager_is_hung(const Manager *manager) {
        return !lan_is_stopped(manager->lan);
}
