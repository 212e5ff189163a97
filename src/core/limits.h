/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Limits
 *
 * Everything that a local user or the network can make grow has its bound here, with the reason.
 * This page is the whole story of what a hostile neighbour can cost.
 */

/* --- Lines of the control protocol --- */

/* Bytes of a line, LF included. The longest NODE line, all percent-coded, has to fit
 * (test-node-info proves it), and two pages' worth of lines is nothing to hold for each connection.
 */
#define LIMIT_LINE 2048

/* Words of a line. The richest line has 17; the rest is room for attributes of later versions. It
 * bounds the quadratic search for keys that stand twice. */
#define LIMIT_LINE_WORDS 64

/* --- Text --- */

/* Characters of a node's name: an atom has at most 255 (OTP's emulator, is_node_name). */
#define LIMIT_NODE_NAME_CHARS 255

/* Bytes of the same in UTF-8: the host part may have characters up to U+00FF, which take two bytes.
 * One character before the "@" and the "@" itself are ASCII. */
#define LIMIT_NODE_NAME_BYTES (2 + 2 * (LIMIT_NODE_NAME_CHARS - 2))

/* Bytes of a cluster's label: a DNS label, so that it can become a DNS-SD subtype one day. */
#define LIMIT_CLUSTER 63

/* Bytes of an OTP release ("27", "29-rc1"). */
#define LIMIT_OTP 16

/* Bytes of an mDNS host name without trailing dot, percent-coded. A label has at most 63 bytes,
 * ".local" follows; longer names are not shown. */
#define LIMIT_HOST 80

/* Bytes of a node name, percent-coded, up to which it is told which host contests a claim to it: a
 * line with a longer one has no room for that. */
#define LIMIT_RIVAL_NODE 1024

/* Bytes of an interface's name, percent-coded: IFNAMSIZ - 1. How many of them are shown for one
 * endpoint. */
#define LIMIT_INTERFACE 15
#define LIMIT_INTERFACES 2

/* Addresses of one endpoint that are told to clients. OTP tries only one; the others are for
 * people. */
#define LIMIT_ADDRESSES 4

/* Bytes of a DNS label (RFC 1035 section 2.3.4). */
#define LIMIT_LABEL 63

/* Bytes of one TXT string, and of a whole TXT record (RFC 6763 section 6.2: it should fit one
 * Ethernet packet). */
#define LIMIT_TXT_STRING 255
#define LIMIT_TXT 1300

/* --- Directory --- */

/* Endpoints that are known at the same time, local, on the LAN or stale. Avahi's cache holds 4096
 * records for each interface and IP version, hence about 1300 adverts; eight times that is more
 * than any link has. 8192 take 16 MiB. */
#define LIMIT_ENTRIES 8192

/* Sightings: an advert heard on one interface over one IP version, or an endpoint that a node of
 * this host is connected to. Every one of the former has needed one of LIMIT_LOOKUPS, and of the
 * latter there are LIMIT_PEERS, so that this is a second line of defence. */
#define LIMIT_SIGHTINGS 8192

/* Messages from the Avahi thread that wait for the main thread. More than a whole list of
 * sightings, so that one that is listed in a single burst gets through; when more wait, the main
 * thread has been held up for seconds, and all is listed anew. They take 8 MiB. */
#define LIMIT_AVAHI_MESSAGES (LIMIT_SIGHTINGS + LIMIT_SIGHTINGS / 4)

/* Messages from the Avahi thread that are taken before everybody else has a turn. At the limits of
 * the directory these take some milliseconds. */
#define LIMIT_TURN_MESSAGES 32

/* Endpoints that one user may register, and that all may together, to be announced on the LAN. Each
 * is an object in Avahi (1024 for each client), and sightings need the larger half. The reserve is
 * for root and the daemon's own user, whom others can't lock out. */
#define LIMIT_REGISTRATIONS_PER_UID 192
#define LIMIT_REGISTRATIONS 384
#define LIMIT_REGISTRATIONS_RESERVE 16

/* The last of them are for users who hold little: sixteen users with a node of four endpoints each.
 */
#define LIMIT_REGISTRATIONS_LITTLE 4
#define LIMIT_REGISTRATIONS_LAST 64

/* The same of endpoints on loopback addresses: no object in Avahi, but 2 KiB each, and a place in
 * the directory. */
#define LIMIT_LOOPBACK_PER_UID 512
#define LIMIT_LOOPBACK 1024

/* Endpoints that are known only because nodes of this host say that they are connected to them: of
 * one user, and of all. Nodes of the same cluster report the same ones, which count once. 256 are
 * more than OTP can mesh on a network that has lost its multicast; 1024 take 3 MiB, and leave the
 * directory to what is heard. */
#define LIMIT_PEERS_PER_UID 256
#define LIMIT_PEERS 1024
#define LIMIT_PEERS_RESERVE 64
#define LIMIT_PEERS_LITTLE 16
#define LIMIT_PEERS_LAST 128

/* Pairs of nodes that can't connect: reports of one node, of those of one user, and of all. A node
 * knows of more than a few only where the network is in pieces, and then a few show what is the
 * matter; all nodes of a cluster report the same ones. 1024 take 1 MiB at most. */
#define LIMIT_PAIRS_PER_NODE 16
#define LIMIT_PAIRS_PER_UID 512
#define LIMIT_PAIRS 1024
#define LIMIT_PAIRS_RESERVE 64
#define LIMIT_PAIRS_LITTLE 16
#define LIMIT_PAIRS_LAST 128

/* How many of them PAIRS answers: at most half of LIMIT_OUTPUT, so that the answer needs no
 * portions. */
#define LIMIT_PAIRS_SHOWN 32

/* Objects that avahi-daemon allows each client, unless it is configured otherwise
 * (objects-per-client-max): browsers, resolvers and entry groups. */
#define LIMIT_AVAHI_OBJECTS 1024

/* Of these, the resolvers and record browsers that sightings take. However many adverts there are
 * on the LAN, what is left holds an entry group for each registration, one for the service type,
 * the service browser, a browser of this host's addresses for each IP version, and four spares. */
#define LIMIT_LOOKUPS (LIMIT_AVAHI_OBJECTS - LIMIT_REGISTRATIONS - LIMIT_REGISTRATIONS_RESERVE - 8)

/* Instances, each on one interface over one IP version, that are resolved or wait for a resolver:
 * the PTR records that fill Avahi's caches of one interface for both IP versions. 8192 take 2 MiB.
 */
#define LIMIT_INSTANCES 8192

/* How long an endpoint that went from the LAN is still answered by LOOKUP, in seconds. Longer than
 * two TTLs of an advert, so that a multicast packet lost on Wi-Fi never makes a living node
 * unreachable. */
#define LIMIT_STALE_SEC 60

/* Observers of a directory: the publisher, the control server, the status line, the log, what peers
 * have reported, and one spare. */
#define LIMIT_OBSERVERS 6

/* --- Control socket --- */

/* Connections of one user: one for each node and for each running epmd-mdns command. */
#define LIMIT_CONNECTIONS_PER_UID 256

/* Connections of all users. The limit on open files may lower it. The last of them are for users
 * who hold little, the reserve is for root and the daemon's own user. */
#define LIMIT_CONNECTIONS 4096
#define LIMIT_CONNECTIONS_LITTLE 8
#define LIMIT_CONNECTIONS_LAST 512
#define LIMIT_CONNECTIONS_RESERVE 32

/* Users who have connections: each takes a descriptor besides theirs. With few descriptors there
 * are fewer users, too. */
#define LIMIT_USERS 256
#define LIMIT_USERS_FEW 32

/* Users whose doings are counted apart at a time (core/user-counts.h). Linear search, and memory
 * that is never freed; more users than that are not busy in the same second. */
#define LIMIT_COUNTED_USERS 64

/* New connections of one user in a second: twice what one may have, for all may be made anew at
 * once. Those beyond are refused, which costs a third: who connects in a loop leaves time for all
 * others. */
#define LIMIT_CONNECTS_PER_UID (2 * LIMIT_CONNECTIONS_PER_UID)

/* Connections that are taken from the backlog before others have their turn: more than a turn's
 * worth of them fills it again meanwhile, if somebody connects in a loop. */
#define LIMIT_TURN_ACCEPTS 64

/* Connections that wait for accept(). The kernel lowers it to net.core.somaxconn. */
#define LIMIT_BACKLOG 256

/* Bytes that wait for a client that does not read, on top of the kernel's socket buffer. 128 KiB
 * are some 600 events; a subscriber with more to read has stalled and is disconnected. */
#define LIMIT_OUTPUT (128 * 1024)

/* A LIST and the snapshot of a SUBSCRIBE are written in portions, each when less than this waits to
 * be sent, in bytes. A client that asks and does not read holds this much, and no further request
 * of its own is read. */
#define LIMIT_OUTPUT_PORTION (16 * 1024)

/* What is done for one client before it is the next user's turn: requests taken, or more of them
 * as long as they take no longer than this in all, and endpoints walked over for a LIST or a
 * snapshot. Turns of fifteen greedy users take some milliseconds. */
#define LIMIT_TURN_REQUESTS 8
#define LIMIT_TURN_USEC 50
#define LIMIT_TURN_STEPS 128

/* Longest wait= of a LOOKUP, in milliseconds: a client that wants more asks again. */
#define LIMIT_WAIT_MSEC 60000

/* --- Log --- */

/* Lines about the nodes of one user that come and go, in how many seconds. All that one may
 * register can come and go in that time, and be told. Someone who registers in a loop writes 13
 * lines a second, a twenty-sixth of what journald takes from a service before it drops the other
 * lines too (RateLimitBurst= 10000 in 30 s). */
#define LIMIT_LOG_LINES (2 * LIMIT_REGISTRATIONS_PER_UID)
#define LIMIT_LOG_WINDOW_SEC 30

/* How often the same refusal of the same user is told, in seconds. */
#define LIMIT_LOG_REFUSAL_SEC 3600

/* Lines about nodes that are bound to an address which this host has not, in the same time: more
 * than a host has such nodes by mistake. */
#define LIMIT_LOG_ABSENCES 20

/* --- Advert --- */

/* How often a change of one endpoint reaches the LAN, in seconds. RFC 6762 section 8.3 asks for a
 * second between announcements; whoever restarts in a loop more often than that is not reachable
 * anyway. */
#define LIMIT_ANNOUNCE_SEC 1

/* Announcements that are remembered for that time. Someone with more endpoints than can be
 * registered at once, twice over, who gets rid of the memory of one of them by announcing all
 * others, could as well announce new ones. */
#define LIMIT_ANNOUNCED (2 * LIMIT_REGISTRATIONS)

/* Addresses of this host whose interface is known, for nodes that are bound to one of them. A host
 * with so many has them for other purposes. */
#define LIMIT_OWN_ADDRESSES 256

/* TTL of the PTR record, in seconds: below 10 the refreshes are a load, above 4500 (Avahi's own)
 * nothing is gained. */
#define LIMIT_TTL_MIN 10
#define LIMIT_TTL_MAX 4500
