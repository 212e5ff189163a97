/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection holds: a node that it has registered, and what that reports of others */

#include "daemon/control/answer.h"
#include "daemon/control/lease.h"

static void refuse(const Lease *lease, Connection *connection, Refusal why, uint64_t now_usec) {
        refusals_add(lease->refusals, why, lease->holder.uid, now_usec);
        answer_error(connection, PROTOCOL_E_LIMIT, refusal_text(why));
}

void lease_register(const Lease *lease, Connection *connection, const Request *request,
                    uint64_t now_usec) {
        static const Refusal refusals[_REGISTRY_E_MAX] = {
                [REGISTRY_E_USER] = REFUSAL_REGISTRATIONS_USER,
                [REGISTRY_E_ALL] = REFUSAL_REGISTRATIONS_ALL,
                [REGISTRY_E_DIRECTORY] = REFUSAL_DIRECTORY,
        };
        uint32_t creation;
        int r = registry_register(lease->registry, &lease->holder, &request->endpoint,
                                  request->bound ? &request->address : NULL, now_usec, &creation);

        if (r == 0)
                answer_creation(connection, creation);
        else if (r == REGISTRY_E_OTHER_NODE)
                answer_error(connection, PROTOCOL_E_OTHER_NODE,
                             "this connection holds another node already, use a new one");
        else if (r == REGISTRY_E_DUPLICATE)
                answer_error(connection, PROTOCOL_E_DUPLICATE_NAME,
                             "another node of this host holds the name");
        else
                /* Without memory there is as little room as in a full directory. */
                refuse(lease, connection, r < 0 ? REFUSAL_DIRECTORY : refusals[r], now_usec);
}

void lease_report(const Lease *lease, Connection *connection, const Request *request,
                  uint64_t now_usec) {
        static const Refusal refusals[_PEER_REPORTS_E_MAX] = {
                [PEER_REPORTS_E_USER] = REFUSAL_REPORTS_USER,
                [PEER_REPORTS_E_ALL] = REFUSAL_REPORTS_ALL,
                [PEER_REPORTS_E_DIRECTORY] = REFUSAL_REPORTS_DIRECTORY,
        };
        int r;

        if (!registry_is_holder(lease->registry, lease->holder.id)) {
                answer_error(connection, PROTOCOL_E_BAD_ARGUMENT,
                             "this connection has registered no node that could be connected");
                return;
        }

        if (node_name_is_loopback(request->endpoint.node)) {
                answer_error(connection, PROTOCOL_E_BAD_ARGUMENT,
                             "its name means this host, where it would have to register");
                return;
        }

        r = peer_reports_add(lease->reports, lease->holder.id, lease->holder.uid,
                             &request->endpoint, &request->address, request->host, now_usec);
        if (r == 0)
                answer_ok(connection);
        else if (r == PEER_REPORTS_E_ELSEWHERE)
                answer_error(connection, PROTOCOL_E_BAD_ARGUMENT,
                             "it was heard at another address or port a moment ago");
        else
                refuse(lease, connection, r < 0 ? REFUSAL_REPORTS_DIRECTORY : refusals[r],
                       now_usec);
}

void lease_withdraw(const Lease *lease, Connection *connection, const Request *request,
                    uint64_t now_usec) {
        peer_reports_withdraw(lease->reports, lease->holder.id, request->endpoint.node, now_usec);
        answer_ok(connection);
}

void lease_report_pair(const Lease *lease, Connection *connection, const Request *request,
                       uint64_t now_usec) {
        if (!registry_is_holder(lease->registry, lease->holder.id))
                answer_error(connection, PROTOCOL_E_BAD_ARGUMENT,
                             "this connection has registered no node that could know");
        else if (pair_reports_add(lease->pairs, lease->holder.id, lease->holder.uid,
                                  &request->pair) == 0)
                answer_ok(connection);
        else
                refuse(lease, connection, REFUSAL_PAIRS, now_usec);
}

void lease_withdraw_pair(const Lease *lease, Connection *connection, const Request *request,
                         uint64_t now_usec) {
        (void) now_usec;
        pair_reports_withdraw(lease->pairs, lease->holder.id, &request->pair);
        answer_ok(connection);
}

void lease_end(const Lease *lease, uint64_t now_usec) {
        pair_reports_withdraw(lease->pairs, lease->holder.id, NULL);
        peer_reports_withdraw(lease->reports, lease->holder.id, NULL, now_usec);
        registry_release(lease->registry, lease->holder.id, now_usec);
}
