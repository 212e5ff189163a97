/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A client of the control socket, which waits for its answers */

#include "core/reply.h"
#include "core/request.h"

typedef struct Client Client;

/*
 * Connects to the socket at path. All functions tell people on stderr what is wrong, and return
 * negative errno then.
 */
int client_new(Client **ret, const char *path);
Client *client_free(Client *client);
DEFINE_CLEANUP(Client, client_free);

/* Sends a request. */
int client_send(Client *client, const Request *request);

/*
 * Waits for the next line, and understands it. An ERR is told and becomes -EREMOTEIO. Of REPLY_OK,
 * the attributes are in client_line(). Waits at most 5 s, unless client_be_patient() was called.
 */
int client_receive(Client *client, Reply *ret);

/* From now on, waits as long as it takes. */
void client_be_patient(Client *client);

/* The line of the last reply, with its attributes split if it was an OK. */
const Line *client_line(const Client *client);
