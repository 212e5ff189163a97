/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A client of the control socket, which waits for its answers */

#include <stdbool.h>

#include "core/reply.h"
#include "core/request.h"

typedef struct Client Client;

enum {
        _CLIENT_E_SUCCESS,

        CLIENT_E_LATE,   /* the deadline of client_set_deadline() is over */
        CLIENT_E_UNREAD, /* nobody reads what this process prints */
};

/*
 * Connects to the socket at path. All functions tell people on stderr what is wrong, unless the
 * client is a quiet one, and return negative errno then.
 */
int client_new(Client **ret, const char *path, bool quiet);
Client *client_free(Client *client);
DEFINE_CLEANUP(Client, client_free);

/* Sends a request. */
int client_send(Client *client, const Request *request);

/*
 * Waits for the next line, and understands it. An ERR is told and becomes -EREMOTEIO. Of REPLY_OK,
 * the attributes are in client_line(). All lines since the last request may keep it waiting for 5 s
 * together, and are not endless, unless one of the functions below was called. Returns 0, negative
 * errno, or a CLIENT_E_*, which only they make possible.
 */
int client_receive(Client *client, Reply *ret);

/* The same, with an ERR as an answer like others, REPLY_ERROR. */
int client_receive_any(Client *client, Reply *ret);

/* Tells people of an ERR. Returns -EREMOTEIO. */
int client_refused(const Client *client, const Reply *error);

/* From now on, waits as long as it takes. */
void client_be_patient(Client *client);

/* From now on, waits no longer than somebody reads what this process prints. */
void client_watch_output(Client *client);

/* From now on, waits until msec from now. */
void client_set_deadline(Client *client, uint32_t msec);

/* The line of the last reply, with its attributes split if it was an OK. */
const Line *client_line(const Client *client);
