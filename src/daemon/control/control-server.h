/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Serves the directory on the control socket */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "core/directory.h"
#include "core/line.h"

typedef struct ControlServer ControlServer;
typedef struct Session Session;

/* Appends the attributes of STATUS that are not the server's own. */
typedef void (*ControlStatus)(void *userdata, LineWriter *writer);

/* event and directory must outlive the server. fd: a listening socket, which the server owns, also
 * when this fails. */
int control_server_new(ControlServer **ret, sd_event *event, Directory *directory, int fd,
                       ControlStatus status, void *userdata);

/* Closes all connections, and withdraws what they have registered. */
ControlServer *control_server_free(ControlServer *server);
DEFINE_CLEANUP(ControlServer, control_server_free);

/* Takes no new connections any more. */
void control_server_stop(ControlServer *server);

/* --- For sessions --- */

sd_event *control_server_event(ControlServer *server);
Directory *control_server_directory(ControlServer *server);

/* A creation for a new registration, 4 to UINT32_MAX: never the same for the next registrations of
 * a name. */
uint32_t control_server_creation(ControlServer *server);

/* Takes or gives back the right to one registration. Returns as quota_take(). */
int control_server_take_registration(ControlServer *server, uid_t uid);
void control_server_give_registration(ControlServer *server, uid_t uid);

/* If the peer of the session with this id has gone away, ends that session's registration and
 * returns true. */
bool control_server_release_dead(ControlServer *server, uint64_t id);

/* Frees the sessions that are dead later, from the event loop: a session may not go while its own
 * code, or the directory, is at work. */
void control_server_bury(ControlServer *server);

/* Writes all attributes of STATUS. */
void control_server_write_status(ControlServer *server, LineWriter *writer);
