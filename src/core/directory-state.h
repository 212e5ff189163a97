/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the directory share, and nobody else knows */

#include "core/directory.h"
#include "core/entry-table.h"

struct Directory {
        EntryTable table;
        size_t n_sightings;
        uint64_t ignored[_IGNORED_MAX];
        char host[LIMIT_HOST + 1];
        uint64_t ttl_usec;

        uint64_t due_usec; /* when directory_expire() has something to do */
        DirectoryAlarm alarm;
        void *alarm_userdata;

        struct {
                DirectoryObserver observer;
                void *userdata;
        } observers[LIMIT_OBSERVERS];
        size_t n_observers;
};

/* Tells the observers what has become of an entry; why, if it is down. The entry may be gone
 * afterwards, and the next one stand in its place. */
void directory_refresh(Directory *directory, Entry *entry, Reason why_down, uint64_t now_usec);
