# SPDX-License-Identifier: MIT
# ./run demo: builds what users get, starts the engine on demo/, judges how it went. demo/main.gd lists
# what can be started there.
# shellcheck shell=bash

# Without --seconds a tour decides how long it runs; this is enough for each.
readonly DEMO_USUAL_SECONDS=240
# Loading the world, software rendering and a slow disk, on top of the seconds asked for.
readonly DEMO_GRACE_SECONDS=180

verb_demo() {
    local tour=craters headless='' threads='' seconds='' flight='' config='' recipe=''
    local play='' report='' screenshot='' pictures=''
    parse_demo_arguments "$@"
    check_demo_arguments
    choose_demo_outputs
    need_output report "$report"
    need_output screenshot "$screenshot"
    need_output_folder pictures "$pictures"

    check_given_engine

    local offscreen=''
    if [[ $screenshot$pictures && ($headless || ! ${DISPLAY:-}${WAYLAND_DISPLAY:-}) ]]; then offscreen=yes; fi
    if [[ $offscreen ]]; then need_packages build picture; else need_packages build; fi
    build_with_engine release nebula_godot
    prepare_project "$NEBULA_ROOT/demo"
    run_demo
}

# Checks every value before minutes of building.
parse_demo_arguments() {
    local flag value
    while (($# > 0)); do
        flag=${1%%=*}
        case $flag in
            --headless)
                [[ $1 == --headless ]] || die_usage "--headless takes no value and got \"$1\""
                headless=yes
                shift
                continue
                ;;
            --play)
                [[ $1 == --play ]] || die_usage "--play takes no value and got \"$1\""
                play=yes
                shift
                continue
                ;;
            --dig | --cookbook)
                [[ $tour == craters || $flag == "--$tour" ]] || die_usage "$flag and --$tour are two demos; name one"
                tour=${flag#--}
                if [[ $1 == *=* ]]; then
                    recipe=${1#*=}
                    [[ $tour == cookbook && -f $NEBULA_ROOT/demo/cookbook/$recipe.tscn ]] ||
                        die_usage "$1 names nothing that is there; --cookbook takes the name of a recipe in demo/cookbook, and --dig takes no value"
                fi
                shift
                continue
                ;;
            --flight) # its value may be left out
                flight=60
                if [[ $1 == *=* ]]; then flight=${1#*=}; fi
                is_demo_seconds "$flight" ||
                    die_usage "--flight must be a number of seconds above 0 and up to 3600 and is \"$flight\""
                shift
                continue
                ;;
            --threads | --seconds | --config | --report | --screenshot | --pictures) ;;
            *) die_usage "./run demo does not know \"$1\"; ./run help lists its flags" ;;
        esac
        if [[ $1 == *=* ]]; then
            value=${1#*=}
        else
            (($# >= 2)) || die_usage "$flag needs a value; ./run help shows which"
            value=$2
            shift
        fi
        shift
        [[ $value ]] || die_usage "$flag needs a value and got an empty one; ./run help shows which"
        case $flag in
            --threads)
                [[ $value =~ ^0*[1-9][0-9]{0,2}$ ]] && ((10#$value <= 256)) ||
                    die_usage "--threads must be a whole number from 1 to 256 and is \"$value\""
                threads=$((10#$value))
                ;;
            --seconds)
                is_demo_seconds "$value" ||
                    die_usage "--seconds must be a number above 0 and up to 3600 and is \"$value\""
                seconds=$value
                ;;
            --config)
                config=$(realpath -m -- "$value")
                [[ -e $config ]] || die_usage "--config names $config, which does not exist"
                [[ -f $config && -r $config ]] || die_usage "--config names $config, which is not a file that can be read"
                ;;
            --report) report=$(output_path "$flag" "$value") || exit $? ;;
            --screenshot) screenshot=$(output_path "$flag" "$value") || exit $? ;;
            --pictures) pictures=$(realpath -m -- "$value") ;;
        esac
    done
}

# What does not go together.
check_demo_arguments() {
    if [[ $play ]]; then
        [[ ! $headless && ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]] ||
            die_usage "--play needs a display and neither DISPLAY nor WAYLAND_DISPLAY is set, or --headless was given; without --play the demo plays by itself and draws off-screen"
        [[ ! $report$screenshot$pictures$seconds$flight ]] || die_usage "--play measures nothing and draws no pictures; leave out the flags for these"
    fi
    if [[ $tour == craters ]]; then
        [[ ! $pictures ]] || die_usage "--pictures belongs to --dig and --cookbook; the craters have --screenshot"
    else
        [[ ! $screenshot$seconds$flight ]] || die_usage "--screenshot, --seconds and --flight do not go with --$tour; its pictures go to --pictures"
    fi
    [[ $tour != cookbook || ! $report ]] || die_usage "--cookbook measures nothing; leave out --report"
    [[ ! $report || $report != "$screenshot" ]] || die_usage "--report and --screenshot both name $report; give them two files"
}

is_demo_seconds() {
    [[ $1 =~ ^([0-9]{1,9}(\.[0-9]*)?|\.[0-9]+)$ ]] && awk "BEGIN { exit !($1 > 0 && $1 <= 3600) }"
}

choose_demo_outputs() {
    [[ ! $play$report$screenshot$pictures ]] || return 0
    case $tour in
        craters)
            report=$NEBULA_ROOT/out/demo.json
            if [[ ! $headless ]]; then screenshot=$NEBULA_ROOT/out/demo.png; fi
            ;;
        dig)
            report=$NEBULA_ROOT/out/dig.json
            if [[ ! $headless ]]; then pictures=$NEBULA_ROOT/out/dig; fi
            ;;
        cookbook) if [[ ! $headless ]]; then pictures=$NEBULA_ROOT/out/cookbook; fi ;;
    esac
}

run_demo() {
    local log errors limit started status=0 sentence
    log=$(log_path demo)
    errors=$(log_path demo-errors)
    limit=$(awk "BEGIN { print int(${seconds:-$DEMO_USUAL_SECONDS} + ${flight:-0} + $DEMO_GRACE_SECONDS) }")

    local command=("$engine" --no-header --path "$NEBULA_ROOT/demo")
    # A person plays as long as they like.
    [[ $play ]] || command=(timeout --foreground --kill-after=10 "$limit" "${command[@]}")
    if [[ $offscreen ]]; then
        command=(xvfb-run -a -s "-screen 0 1280x720x24" "${command[@]}" --rendering-driver opengl3 --audio-driver Dummy)
    elif [[ $headless || ! ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]; then
        command+=(--headless)
    fi
    command+=(--)
    [[ $tour == craters ]] || command+=("--$tour${recipe:+=$recipe}")
    [[ ! $play ]] || command+=(--play)
    [[ ! $threads ]] || command+=("--threads=$threads")
    [[ ! $seconds ]] || command+=("--seconds=$seconds")
    [[ ! $flight ]] || command+=("--flight=$flight")
    [[ ! $config ]] || command+=("--config=$config")
    [[ ! $report ]] || command+=("--report=$report")
    [[ ! $screenshot ]] || command+=("--screenshot=$screenshot")
    [[ ! $pictures ]] || command+=("--pictures=$pictures")

    # A file that an earlier run wrote must not pass for this one's.
    started=$(log_path demo-started)
    : >"$started"
    # The reader sees the demo's table and progress; what the engine prints goes to the log.
    "${command[@]}" 2>"$errors" </dev/null | tee "$log" || status=${PIPESTATUS[0]}

    case $status in
        0) ;;
        # The demo rejected its input and has said why.
        2)
            sentence=$(grep -m1 '^nebula: ' "$errors") || sentence="nebula: the demo rejected its input; see ${errors#"$NEBULA_ROOT"/}"
            printf '%s\n' "$sentence" >&2
            exit 2
            ;;
        124 | 137) die "the demo did not end within $limit seconds and was stopped; see ${errors#"$NEBULA_ROOT"/}" ;;
        130 | 143) exit "$status" ;;
        *)
            sentence=$(grep -m1 '^nebula: ' "$errors" | sed 's/^nebula: //') || true
            [[ $sentence ]] || sentence=$(engine_complaint "$errors")
            die "the demo ended with status $status${sentence:+ ($sentence)}; see ${errors#"$NEBULA_ROOT"/}"
            ;;
    esac
    for sentence in "$errors" "$log"; do
        local complaint
        complaint=$(engine_complaint "$sentence")
        [[ ! $complaint ]] || die "the demo ran but the engine complained (${complaint# }); see ${sentence#"$NEBULA_ROOT"/}"
    done
    for sentence in "$report" "$screenshot"; do
        # "Not older" and not "newer": a file system's clock ticks in milliseconds.
        [[ ! $sentence || (-s $sentence && ! $started -nt $sentence) ]] || die "the demo ended without writing $sentence; see ${errors#"$NEBULA_ROOT"/}"
    done
}
