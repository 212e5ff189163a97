/* SPDX-License-Identifier: Apache-2.0 */
/* Takes connections, and tells greedy users from others */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/control/acceptor.h"
#include "unit/util-event.h"
#include "util/fd.h"

typedef struct Fixture {
        sd_event *event;
        struct sockaddr_un address;
        socklen_t length;
        Quota quota;
        Refusals refusals;
        Acceptor *acceptor;
        int result; /* of the taker */
        unsigned n_taken;
} Fixture;

static int on_taken(void *userdata, int fd, uid_t uid) {
        Fixture *f = userdata;

        g_assert_cmpuint(uid, ==, geteuid());
        (void) fd_close(fd);
        if (f->result == 0)
                f->n_taken++;
        return f->result;
}

/* In no file system: any user may connect. own_uid: who has no bound. */
static void set_up_as(Fixture *f, uid_t own_uid) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        log_capture();
        f->event = event_new();
        f->quota = (Quota) QUOTA_INIT(own_uid);
        refusals_init(&f->refusals);
        f->address.sun_family = AF_UNIX;
        g_assert_cmpint(bind(fd, (struct sockaddr *) &f->address, sizeof(sa_family_t)), ==, 0);
        f->length = sizeof(f->address);
        g_assert_cmpint(getsockname(fd, (struct sockaddr *) &f->address, &f->length), ==, 0);
        g_assert_cmpint(listen(fd, 1024), ==, 0);
        g_assert_cmpint(
                acceptor_new(&f->acceptor, f->event, fd, &f->quota, &f->refusals, on_taken, f), ==,
                0);
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        set_up_as(f, 1);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        acceptor_free(f->acceptor);
        quota_done(&f->quota);
        sd_event_unref(f->event);
}

static int connect_to(Fixture *f) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpint(connect(fd, (struct sockaddr *) &f->address, f->length), ==, 0);
        return fd;
}

static void connect_and_close(Fixture *f, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                int fd = connect_to(f);

                (void) fd_close(fd);
                event_run_idle(f->event);
        }
}

/* The backlog is emptied in a few turns. */
static void test_many_in_a_turn(Fixture *f, gconstpointer data) {
        int fds[LIMIT_TURN_ACCEPTS];

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
                fds[i] = connect_to(f);
        g_assert_cmpint(sd_event_run(f->event, 0), >, 0);
        g_assert_cmpuint(f->n_taken, ==, LIMIT_TURN_ACCEPTS);
        g_assert_cmpuint(f->quota.held[QUOTA_CONNECTIONS], ==, LIMIT_TURN_ACCEPTS);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
                (void) fd_close(fds[i]);
}

/* Who connects too often is told so, and the log once, however often that is. */
static void test_too_often(Fixture *f, gconstpointer data) {
        static const char told[] = "ERR limit this user connects too often\n";
        char text[128] = "";
        uid_t uid = geteuid();
        int fd;

        (void) data;
        if (uid == 0)
                g_assert_cmpint(seteuid(65534), ==, 0);
        /* That the taker has one is no matter here. */
        f->quota.max_per_user[QUOTA_CONNECTIONS] = SIZE_MAX;
        f->quota.max[QUOTA_CONNECTIONS] = 100000;
        do {
                unsigned before = f->n_taken;

                connect_and_close(f, 1);
                if (f->n_taken == before)
                        break;
        } while (f->n_taken < 100 * LIMIT_CONNECTS_PER_UID);
        g_assert_cmpuint(f->n_taken, >=, LIMIT_CONNECTS_PER_UID);
        g_assert_cmpuint(f->n_taken, <, 100 * LIMIT_CONNECTS_PER_UID);

        fd = connect_to(f);
        event_run_idle(f->event);
        if (read(fd, text, sizeof(text) - 1) > 0)
                g_assert_cmpstr(text, ==, told);
        (void) fd_close(fd);
        connect_and_close(f, 500);
        if (uid == 0)
                g_assert_cmpint(seteuid(0), ==, 0);
        g_assert_cmpuint(f->refusals.n[REFUSAL_CONNECTS], >, 0);
        g_assert_cmpuint(log_count("user * connects too often; *"), ==, 1);
        g_assert_cmpuint(log_count("*"), ==, 1);
}

/* The daemon's own user is not bound. */
static void test_privileged(Fixture *f, gconstpointer data) {
        (void) data;
        f->quota.own_uid = geteuid();
        f->quota.max_per_user[QUOTA_CONNECTIONS] = SIZE_MAX;
        f->quota.max[QUOTA_CONNECTIONS] = 100000;
        connect_and_close(f, 2 * LIMIT_CONNECTS_PER_UID);
        g_assert_cmpuint(f->n_taken, ==, 2 * LIMIT_CONNECTS_PER_UID);
}

/* When something runs out the backlog doesn't keep the loop busy, nor the log; and it is taken when
 * there is something again. */
static void test_failure(Fixture *f, gconstpointer data) {
        int first, second, third;

        (void) data;
        f->result = -ENOMEM;
        first = connect_to(f);
        second = connect_to(f);
        event_run_idle(f->event);
        g_assert_cmpuint(f->quota.held[QUOTA_CONNECTIONS], ==, 0);
        g_assert_cmpint(sd_event_run(f->event, 0), ==, 0);
        g_assert_cmpuint(log_count("can't take a connection: *"), ==, 1);

        f->result = 0;
        /* On a slow machine the pause may have been over before, and the second one refused, too.
         */
        third = connect_to(f);
        event_run_until(f->event, f->n_taken >= 1);
        (void) fd_close(first);
        (void) fd_close(second);
        (void) fd_close(third);
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                void (*test)(Fixture *f, gconstpointer data);
        } tests[] = {
                { "/acceptor/many-in-a-turn", test_many_in_a_turn },
                { "/acceptor/too-often", test_too_often },
                { "/acceptor/privileged", test_privileged },
                { "/acceptor/failure", test_failure },
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
        return g_test_run();
}
