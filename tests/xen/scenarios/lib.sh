# What every scenario does, for it to source. Runs in dom0, under busybox' sh.
#
# A scenario does things and leaves evidence of what came of them in /evidence; it judges nothing, the tests on the host
# do. There are three files for each piece of evidence: NAME.out, NAME.err and NAME.status.
# shellcheck shell=dash

collect() { # collect NAME COMMAND...: runs the command, a minute at most, and keeps what it printed and its exit status
    local name=$1
    shift
    echo "$name: $*"
    timeout 60 "$@" > "/evidence/$name.out" 2> "/evidence/$name.err"
    echo $? > "/evidence/$name.status"
}

call() { # call NAME METHOD [PARAMS]: collects what xenopsd replies
    local name=$1
    shift
    collect "$name" xenops call "$@"
}

wait_for() { # wait_for COMMAND...: until it succeeds; ends the scenario after a minute
    local tries=600
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "gave up waiting for: $*"; exit 1; }
        sleep 0.1
    done
}

guest() { # guest NAME [-p] [KEY=VALUE]...: creates a domain, with -p paused; see guest/tinypv.c for cmdline
    local name=$1 how=-qe
    shift
    [ "${1:-}" != -p ] || { how=-qep && shift; }
    echo "guest $name: $*"
    xl create $how /scenario/tinypv.cfg "name=\"$name\"" "$@" || exit 1
}

attach() { # attach BACKEND COMMAND...: a device that xl adds; this shell plays the backend, which says it is there
    local state=/local/domain/0/backend/$1/state adding
    shift
    echo "attach: $*"
    "$@" &
    adding=$!
    wait_for xenstore-read "$state" > /dev/null 2>&1
    xenstore-write "$state" 2
    wait $adding || { echo "not attached: $*"; exit 1; }
}

listens() { # does xenopsd answer?
    xenops call get_max_cpus > /dev/null 2>&1
}

start_daemon() { # starts xenopsd and waits until it answers; sets $daemon
    xenopsd 2>> /evidence/xenopsd.err &
    daemon=$!
    wait_for listens
}

stop_daemon() { # asks xenopsd to stop, and keeps its exit status
    kill -TERM "$daemon"
    wait "$daemon"
    echo $? > /evidence/xenopsd.status
}

# ---- steps of tests/scenario, as steps.rs writes them ----

step() { # step NAME TEXT COMMAND...: collects what xenops prints, again and again until the text is in it
    local name=$1 text=$2 tries=600
    shift 2
    until collect "$name" xenops "$@" && grep -qF "$text" "/evidence/$name.out" || [ -z "$text" ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "never says $text: $*"; exit 1; }
        sleep 0.1
    done
}

begin() { # begin METHOD NAME COMMAND...: as a step that goes on; sets $operation when an operation of the method runs
    local method=$1 name=$2
    shift 2
    collect "$name" xenops "$@" &
    begun=$!
    wait_for runs "$method"
}

runs() { # runs METHOD: does an operation of it run? Sets $operation to its number
    operation=$(xenops call operation_list | tr '}' '\n' | grep "\"method\":\"$1\".*\"running\"" |
        grep -o '"number":[0-9]*' | cut -d : -f 2)
    [ -n "$operation" ]
}

ended() { # waits for the step that was begun
    wait $begun
}

witnesses() { # witnesses NAME: collects what all who know say of the domains now
    collect "$1.list" xenops call list_domain
    collect "$1.xl" xl list -v
    collect "$1.vcpus" xl vcpu-list
    collect "$1.xenstore" xenstore-ls -f /local/domain
    xl dmesg -c > /dev/null
    xl debug-keys q
    collect "$1.xen" xl dmesg
}
