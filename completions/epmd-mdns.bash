# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of epmd-mdns for bash. Needs nothing but bash; names of nodes, hosts and clusters are those that are up just now.

# Prints column $1 of the list of nodes, 1 being the name.
_epmd_mdns_column() {
	local row
	"${_epmd_mdns_program[@]}" list --no-legend 2>/dev/null | while read -r -a row; do
		printf '%s\n' "${row[$1 - 1]}"
	done | sort -u
}

# Offers the lines of standard input that go on from what is typed. They come from the LAN, and a node's name may have
# any character: compgen -W would expand them, commands in them too, and the shell that runs the line would do the same
# if they were not quoted. Bash takes "bob@h2" apart at the "@"; what stands before it is not replaced.
_epmd_mdns_offer() {
	local line quoted
	while IFS= read -r line; do
		if [[ $line = "$before$current"* ]]; then
			printf -v quoted %q "${line#"$before"}"
			COMPREPLY+=("$quoted")
		fi
	done
}

_epmd_mdns() {
	local commands='list names resolve monitor status doctor wait version help'
	local filter='--cluster= --host= --local --lan' common='--socket= --help'
	local current=${COMP_WORDS[COMP_CWORD]} before='' words='' command='' option='' i
	local -a _epmd_mdns_program=("${COMP_WORDS[0]}")

	# Bash takes "--host=h1" apart, into "--host", "=" and "h1".
	if [ "$current" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 1]}
		current=
	elif [ "$COMP_CWORD" -ge 3 ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	elif [ "$COMP_CWORD" -ge 2 ]; then
		option=${COMP_WORDS[COMP_CWORD - 1]}
	fi
	if [ "$COMP_CWORD" -ge 2 ] && [ "$current" = @ ]; then
		before=${COMP_WORDS[COMP_CWORD - 1]}@
		current=
	elif [ "$COMP_CWORD" -ge 3 ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" = @ ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}@
	fi

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket)
			if [ "${COMP_WORDS[i + 1]}" = = ]; then i=$((i + 2)); else i=$((i + 1)); fi
			_epmd_mdns_program+=("--socket=${COMP_WORDS[i]}")
			;;
		-* | =) ;;
		*)
			if [ -z "$command" ]; then command=${COMP_WORDS[i]}; fi
			;;
		esac
	done

	COMPREPLY=()
	case $option in
	--socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--cluster)
		_epmd_mdns_offer < <(_epmd_mdns_column 5 | grep -vx -e -)
		return
		;;
	--host)
		_epmd_mdns_offer < <(_epmd_mdns_column 1 | sed 's/.*@//' | sort -u)
		return
		;;
	--proto) words='tcp tls' ;;
	--family) words='inet inet6' ;;
	--count | --timeout) ;;
	*)
		case $command:$current in
		:-*) words="$common --version" ;;
		:*) words=$commands ;;
		list:*) words="$filter --json --no-legend $common" ;;
		monitor:*) words="$filter --json $common" ;;
		wait:*) words="$filter --count= --timeout= $common" ;;
		status:* | doctor:*) words="--json $common" ;;
		resolve:-*) words="--proto= --family= --json $common" ;;
		resolve:*)
			_epmd_mdns_offer < <(_epmd_mdns_column 1)
			return
			;;
		names:-*) words=$common ;;
		names:*)
			_epmd_mdns_offer < <(_epmd_mdns_column 1 | sed 's/.*@//' | sort -u)
			return
			;;
		help:*) words=$commands ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	# A value follows at once.
	if [ ${#COMPREPLY[@]} = 1 ] && [[ ${COMPREPLY[0]} = --*= ]]; then
		compopt -o nospace 2>/dev/null
	fi
	return 0
}

complete -F _epmd_mdns epmd-mdns
