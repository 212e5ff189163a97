# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of epmd-mdns for bash. Needs nothing but bash and the program, which knows what there is to offer.

# Candidates come from the LAN as well, and a node's name may have any character: compgen -W would expand them, commands in
# them too, and the shell that runs the line would do the same if they were not quoted.
_epmd_mdns() {
	local current=${COMP_WORDS[COMP_CWORD]} before candidate quoted glue='' i
	local -a words=()

	# Bash takes "--host=h1" and "bob@h2" apart, into three words each, and replaces the last one only.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		if [ ${#words[@]} -gt 0 ] && [[ ${COMP_WORDS[i]} = [=@] ]]; then
			words[-1]+=${COMP_WORDS[i]}
			glue=yes
		elif [ -n "$glue" ]; then
			words[-1]+=${COMP_WORDS[i]}
			glue=
		else
			words+=("${COMP_WORDS[i]}")
		fi
	done
	if [[ $current = [=@] ]]; then current=; fi
	before=${words[-1]%"$current"}

	COMPREPLY=()
	while IFS= read -r candidate; do
		candidate=${candidate%%$'\t'*}
		printf -v quoted %q "${candidate#"$before"}"
		COMPREPLY+=("$quoted")
	done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
	# What ends so goes on at once.
	if [ ${#COMPREPLY[@]} = 1 ] && [[ ${COMPREPLY[0]} = *[=/] ]]; then
		compopt -o nospace 2>/dev/null
	fi
	return 0
}

complete -F _epmd_mdns epmd-mdns
