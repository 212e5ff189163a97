/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* libavahi-client without avahi-daemon */

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/*
 * Linked in the place of libavahi-client. A client that is made with an AvahiPoll gets its
 * callbacks from that loop, as with the library. A client made without one (NULL) gets them within
 * the fake_avahi_*() call that causes them, so that a test needs no thread. All fake_avahi_*() may
 * be called from any thread. The interface 3 is called "if3".
 */

/* What the tested code calls. */
typedef enum FakeCall {
        FAKE_CLIENT_NEW,
        FAKE_CLIENT_FREE,
        FAKE_HOST_NAME,
        FAKE_GROUP_NEW,
        FAKE_GROUP_ADD,
        FAKE_GROUP_COMMIT,
        FAKE_GROUP_FREE,
        FAKE_BROWSER_NEW,
        FAKE_RESOLVER_NEW,
        FAKE_RESOLVER_FREE,
        FAKE_RECORDS_NEW,
        FAKE_RECORDS_FREE,
        FAKE_ADDRESSES_NEW,
        FAKE_ADDRESSES_FREE,
        _FAKE_CALL_MAX,
} FakeCall;

/* What it makes. */
typedef enum FakeKind {
        FAKE_CLIENT,
        FAKE_GROUP,
        FAKE_BROWSER,
        FAKE_RESOLVER,
        FAKE_RECORDS,   /* browses the SRV record of an advert */
        FAKE_ADDRESSES, /* browses the A or AAAA records of the host */
} FakeKind;

/* Each test begins here: avahi-daemon is there and well, its host is "h1.local". Nothing may be
 * alive any more. */
void fake_avahi_reset(void);

/* Makes the loop turn whenever something has happened here, for event_run_until(). */
void fake_avahi_wake(sd_event *event);

/* --- avahi-daemon --- */

/* AVAHI_CLIENT_S_RUNNING, AVAHI_CLIENT_S_REGISTERING, AVAHI_CLIENT_S_COLLISION, or
 * AVAHI_CLIENT_CONNECTING: it is not there. AVAHI_CLIENT_FAILURE: the client loses it, while a new
 * one finds it in the state that was set before. */
void fake_avahi_set_state(AvahiClientState state);

/* What its host is called. */
void fake_avahi_set_host(const char *host);

/* Calls of this kind fail with an AVAHI_ERR_*; 0: no more. */
void fake_avahi_fail(FakeCall call, int error);

/* More objects besides the client are refused with AVAHI_ERR_TOO_MANY_OBJECTS. */
void fake_avahi_set_max_objects(size_t max);

/* Calls of all kinds wait until they are released, and then fail with error, or go on if it is 0.
 */
void fake_avahi_hang(void);
void fake_avahi_release(int error);
bool fake_avahi_is_hanging(void); /* a call waits */

/* --- What the tested code has done --- */

unsigned fake_avahi_calls(FakeCall call);
size_t fake_avahi_alive(FakeKind kind);

typedef struct FakeRecord {
        AvahiIfIndex interface;
        AvahiProtocol protocol;
        char name[256];
        uint16_t type;
        uint32_t ttl;
        uint8_t data[1400];
        size_t size;
} FakeRecord;

/* The records of a type that are published at this moment: how many there are; *ret is set to one
 * of them, unless it is NULL. */
size_t fake_avahi_records(uint16_t type, size_t number, FakeRecord *ret);

/* Whether a node is announced: whether there is a PTR record to an instance "NODE …". */
bool fake_avahi_announces(const char *node);

/* --- What it is told --- */

/* Delivers what is due to a client without a loop: that groups are established. */
void fake_avahi_dispatch(void);

/* All groups that have been committed change their state. */
void fake_avahi_emit_groups(AvahiEntryGroupState state, int error);

/* Which advert, on which interface (0: 1), over which IP version (AVAHI_PROTO_INET is 0). */
typedef struct FakeAdvert {
        const char *name;
        AvahiIfIndex interface;
        AvahiProtocol protocol;
} FakeAdvert;

/* From the service browser. */
void fake_avahi_emit_service(AvahiBrowserEvent event, FakeAdvert advert,
                             AvahiLookupResultFlags flags);

/* From the advert's resolver. txt: as on the wire; the tested code gets it as a list in the same
 * order, as from the library. */
void fake_avahi_emit_found(FakeAdvert advert, const char *host, const char *address, uint16_t port,
                           const void *txt, size_t size);
/* The same, with an address of this host. */
void fake_avahi_emit_found_here(FakeAdvert advert, const char *host, const char *address,
                                uint16_t port, const void *txt, size_t size);
void fake_avahi_emit_lost(FakeAdvert advert, int error);

/* From the browser of its SRV record. */
void fake_avahi_emit_record(AvahiBrowserEvent event, FakeAdvert advert);

/* From the browser of the host's addresses of that family: an address on an interface. flags: with
 * AVAHI_LOOKUP_RESULT_LOCAL it is avahi-daemon itself that says so. */
void fake_avahi_emit_address(AvahiBrowserEvent event, AvahiIfIndex interface, const char *address,
                             AvahiLookupResultFlags flags);

/* The same without an address: AVAHI_BROWSER_ALL_FOR_NOW and the like. */
void fake_avahi_emit_addresses(AvahiBrowserEvent event, AvahiProtocol protocol);
