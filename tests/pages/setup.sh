# shellcheck shell=bash
# What stands around the console blocks of the documentation when a test runs them. Sourced by the script that
# tests/src/pages.rs writes, once per page, in an empty folder, with NET (folder of a running network of four),
# REPOSITORY, HUXIN, HUXIN_NODE_BIN and HUXIN_SAMPLES_BIN set.
#
# A block's `before=NAME` and `after=NAME` name functions here: they do what a reader has done before, or others do
# meanwhile, and never what the block itself shows.

set +e
export HUXIN_KEY_PASSPHRASE='a passphrase for tests only'
failures=0
started=()
PAGE=$PWD
# Words in place of arguments, and what they stand for here.
declare -A WORDS

api() { jq -r ".nodes[$1].api" "$NET/network.json"; }
operations() { jq -r ".nodes[$1].operations" "$NET/network.json"; }
key_of() { jq -r ".keys[\"$1\"].$2" "$NET/network.json"; }

# Addresses of the pages, and where they are here. Set anew by hooks that start another node.
API=$(api 0)
OPERATIONS=$(operations 0)

# must COMMAND...: a step of the preparation, which has to succeed.
must() { "$@" >prepare.out 2>&1 || { echo "preparation failed: $*"; cat prepare.out; failures=$((failures + 1)); }; }

proposal() { "$HUXIN" --json --node "$(api 0)" govern list | jq -r '[.things[].name | ltrimstr("proposal/") | tonumber] | max'; }

# The pages' addresses and numbers stand for those of this network.
mapped() {
    local word=$1
    [[ -n $word ]] && word=${WORDS[$word]:-$word}
    [[ $word == 2026-11-21 ]] && word=${PAST:-$(date -u +%FT%TZ)}
    word=${word//2026-11-21T16:00:00%2B08:00/$(date -u +%FT%TZ)}
    word=${word//as_of=2026-11-21/as_of=$(date -u +%FT%TZ)}
    word=${word//receipts\/12345/receipts\/0}
    word=${word//Huxin-Min-Height: 4711/Huxin-Min-Height: 1}
    word=${word//http:\/\/127.0.0.1:26603/$API}
    word=${word//http:\/\/127.0.0.1:26604/$OPERATIONS}
    word=${word//http:\/\/a:26603/$(api 0)}
    word=${word//http:\/\/b:26603/$(api 1)}
    printf '%s' "$word"
}

huxin() {
    local words=() word
    for word in "$@"; do words+=("$(mapped "$word")"); done
    if [[ "${words[0]} ${words[1]}" == "govern vote" ]]; then
        # "The others": each of the other provinces, until the proposal has passed.
        words[2]=$(proposal)
        agree_on "${words[2]}"
        return
    fi
    [[ "${words[0]} ${words[1]}" == "govern show" ]] && words[2]=$(proposal)
    # Only where a block has set it: an empty value is refused.
    if [[ -n ${HUXIN_NODE:-} ]]; then
        HUXIN_NODE=$(mapped "$HUXIN_NODE") "$HUXIN" "${words[@]}"
    else
        "$HUXIN" "${words[@]}"
    fi
}

# huxin-node run stays up until the page is through; the block goes on once the node listens.
huxin-node() {
    [[ $1 == run ]] || { "$HUXIN_NODE_BIN" "$@"; return; }
    "$HUXIN_NODE_BIN" "$@" >node.log 2>&1 &
    started+=($!)
    local deadline=$((SECONDS + 60))
    until grep -q 'huxin-node ready' node.log; do
        kill -0 "${started[-1]}" 2>/dev/null && ((SECONDS < deadline)) || { cat node.log; return 1; }
        sleep 0.1
    done
}

huxin-samples() { "$HUXIN_SAMPLES_BIN" "$@"; }
curl() {
    local words=() word
    for word in "$@"; do words+=("$(mapped "$word")"); done
    command curl --fail --max-time 20 "${words[@]}"
}

finish_page() {
    local process
    for process in "${started[@]}"; do kill "$process" 2>/dev/null; wait "$process" 2>/dev/null; done
    exit "$((failures > 0))"
}

# step PLACE CODE: runs the command on standard input here, and compares how it ends.
step() {
    local command code
    command=$(cat)
    eval "$command" >step.out 2>&1 </dev/null
    code=$?
    if ((code != $2)); then
        failures=$((failures + 1))
        printf '%s: ended with %s, not %s: %s\n' "$1" "$code" "$2" "$command"
        head -c 3000 step.out
    fi
}

# has_passed NUMBER: whether the provinces have agreed on a proposal.
has_passed() {
    [[ $("$HUXIN" --json --node "$(api 0)" --genesis "$NET/genesis.toml" govern show "$1" | jq -r '.derived.status // .state.status') == passed ]]
}

agree_on() {
    local province
    for province in 310000 320000 330000 340000; do
        has_passed "$1" && return
        # The proposer has voted; its second vote is refused, and that is no failure.
        "$HUXIN" --node "$(api 0)" --genesis "$NET/genesis.toml" --key "$(key_of "$province" governance)" govern vote "$1" yes
    done
    has_passed "$1"
}

agree() { must agree_on "$(proposal)"; }

# allowed WORDS...: waits until an action passes its rehearsal. A change of validators does once enough of them were seen.
allowed() {
    local deadline=$((SECONDS + 120))
    until huxin govern rehearse "$@" >prepare.out 2>&1; do
        ((SECONDS < deadline)) || { echo "not allowed: $*"; cat prepare.out; failures=$((failures + 1)); return; }
        sleep 0.2
    done
}

# A document, and what the operator of Shanghai holds.
papers() {
    cp "$NET/genesis.toml" genesis.toml
    cp "$(key_of 310000 registrar)" registrar.key
    cp "$(key_of 310000 governance)" governance.key
    echo reasons >paper.ofd
}

signs_with_governance() {
    papers 2>/dev/null
    export HUXIN_NODE=http://127.0.0.1:26603 HUXIN_GENESIS=genesis.toml HUXIN_KEY=governance.key
}

registrar() { [[ -e registrar.key ]] || papers; }

# free_ports COUNT: ports nobody listens on, as huxin testnet init finds them.
free_ports() {
    rm -rf ports
    must "$HUXIN" testnet init ports --validators "$(((($1 + 3)) / 4))"
    grep -ho '127.0.0.1:[0-9]*\|/tcp/[0-9]*"' ports/node-*/node.toml | grep -o '[0-9]*"\?$' | tr -d '"' | sort -un | head -n "$1"
}

# A node.toml in this folder for keys/, with the network's four nodes as peers.
node_toml() {
    local ports peers pool
    mapfile -t ports < <(free_ports 4)
    peers=$(grep -h '/p2p/' "$NET"/node-*/node.toml | sort -u)
    # The first listener of each node is consensus, the second mempool; both lists are told apart by their ports.
    pool=$(for node in "$NET"/node-*/node.toml; do sed -n '/^\[mempool\]/,/^\[api\]/s|listen = "\(.*\)"|\1|p' "$node"; done)
    list() { printf '%s\n' "$peers" | if [[ $1 == pool ]]; then grep -F "$pool"; else grep -vF "$pool"; fi; }
    cat >node.toml <<TOML
genesis = "genesis.toml"
data = "data"
[keys]
consensus = "keys/consensus.key"
network = "keys/network.key"
[consensus]
listen = "/ip4/127.0.0.1/tcp/${ports[0]}"
peers = [
$(list consensus)
]
[mempool]
listen = "/ip4/127.0.0.1/tcp/${ports[1]}"
peers = [
$(list pool)
]
[api]
listen = "127.0.0.1:${ports[2]}"
[operations]
listen = "127.0.0.1:${ports[3]}"
TOML
}

# A validator that has signed and is stopped: the one of a network of its own.
stopped() {
    must "$HUXIN" testnet init alone --validators 1
    cd alone/node-0-* || return
    must huxin-node run --config node.toml
    nothing_wrong "$(jq -r '.nodes[0].operations' ../network.json)"
    kill "${started[-1]}" && wait "${started[-1]}"
    unset 'started[-1]'
}

back() { cd "$PAGE" || return; }

# nothing_wrong OPERATIONS: waits until a node's operator has nothing to do.
nothing_wrong() {
    local deadline=$((SECONDS + 120))
    until "$HUXIN" explain --operations "$1" >prepare.out 2>&1; do
        ((SECONDS < deadline)) || { cat prepare.out; failures=$((failures + 1)); return; }
        sleep 0.2
    done
}

own_node() { [[ -e genesis.toml ]] || papers; node_toml; }

# A block a second, where the page has one each five: the page then waits less until every validator was seen.
parameters() {
    signs_with_governance
    echo '{ "block_bytes_max": 4194304, "block_operations_max": 20000, "clock_skew_ms_max": 10000, "heartbeat_ms": 1000 }' >parameters.json
}

feature() { signs_with_governance; }

# Founding: this page's province is 310000; three more make keys and parts in folders of their own.
founding() { :; }

other_parts() {
    local code
    while read -r code organisation; do
        mkdir -p "others/$code"
        for purpose in consensus network registrar governance; do
            must "$HUXIN" keys new --plain --purpose "$purpose" --out "others/$code/$purpose.key"
        done
        must "$HUXIN" genesis province "$code" --organisation "$organisation" --consensus "others/$code/consensus.key" \
            --network "others/$code/network.key" --registrar "others/$code/registrar.key" \
            --governance "others/$code/governance.key" --out "$code.toml"
    done <<<"320000 11320000000000035T
330000 113300000000000274
340000 11340000000000043X"
}

publish_hash() { "$HUXIN" genesis hash genesis.toml >published-hash.txt; }

# Writes node.toml for the four founders, and starts the other three.
founding_node() {
    local ports codes=(310000 320000 330000 340000) ids=() position other folder port
    mapfile -t ports < <(free_ports 16)
    for position in 0 1 2 3; do
        folder=others/${codes[position]}
        ((position == 0)) && folder=keys
        ids+=("$("$HUXIN" keys peer-id "$folder/network.key")")
    done
    for position in 0 1 2 3; do
        folder=others/${codes[position]} keys=.
        ((position == 0)) && folder=. keys=keys
        port=$((position * 4))
        {
            if ((position == 0)); then echo 'genesis = "genesis.toml"'; else echo 'genesis = "../../genesis.toml"'; fi
            printf 'data = "data"\n[keys]\nconsensus = "%s/consensus.key"\nnetwork = "%s/network.key"\n' "$keys" "$keys"
            printf '[consensus]\nlisten = "/ip4/127.0.0.1/tcp/%s"\npeers = [\n' "${ports[port]}"
            for other in 0 1 2 3; do
                ((other == position)) || printf '"/ip4/127.0.0.1/tcp/%s/p2p/%s",\n' "${ports[other * 4]}" "${ids[other]}"
            done
            printf ']\n[mempool]\nlisten = "/ip4/127.0.0.1/tcp/%s"\npeers = [\n' "${ports[port + 1]}"
            for other in 0 1 2 3; do
                ((other == position)) || printf '"/ip4/127.0.0.1/tcp/%s/p2p/%s",\n' "${ports[other * 4 + 1]}" "${ids[other]}"
            done
            printf ']\n[api]\nlisten = "127.0.0.1:%s"\n[operations]\nlisten = "127.0.0.1:%s"\n' "${ports[port + 2]}" "${ports[port + 3]}"
        } >"$folder/node.toml"
        if ((position > 0)); then
            "$HUXIN_NODE_BIN" run --config "$folder/node.toml" >"$folder/node.log" 2>&1 &
            started+=($!)
        fi
    done
    API=http://127.0.0.1:${ports[2]} OPERATIONS=http://127.0.0.1:${ports[3]}
}

# The founders' chain has begun, and this node, which came after the others, votes.
founded() { nothing_wrong "$OPERATIONS"; }

# Sealed files of Shanghai's demo office.
office() { key_of 310000 issuer_organisation; }

trust() {
    signs_with_governance
    must huxin-samples make samples
}

# A clone of the repository, as the README has it, whose programs are built.
clone() {
    ln -sfn "$REPOSITORY/scripts" scripts
    cp "$REPOSITORY/README.md" .
}

# sealed_files COUNT: licence files in made/, sealed by Shanghai's demo office, and the folder of trusted certificates.
sealed_files() {
    papers
    must huxin-samples licences made --count "$1" --province 310000 --issuer "$(office)" --signed-at "$(date -u +%FT%TZ)"
    [[ -e samples ]] || must huxin-samples make samples
    cp -r made/trust trust
    seal_file=$(compgen -G 'made/*.esl')
    WORDS[31010000000101.esl]=$seal_file
    WORDS[310000/31010000000101]=310000/$(basename "$seal_file" .esl)
    mapfile -t licences < <(compgen -G 'made/*.ofd')
}

seal_files() {
    export HUXIN_KEY=registrar.key
    sealed_files 1
    cp "${licences[0]}" licence.ofd
    must "$HUXIN" --node "$(api 0)" --genesis "$NET/genesis.toml" --key "$(key_of 310000 issuer)" licence issue licence.ofd --trust-list trust
}

# A licence of this network with its receipt; ID, REFERENCE and the other names of the pages.
licensed() {
    export HUXIN_NODE=http://127.0.0.1:26603 HUXIN_GENESIS=genesis.toml
    HUXIN_KEY=$(key_of 310000 issuer) N=http://127.0.0.1:26603
    export HUXIN_KEY
    [[ -e licence.receipt ]] && return
    sealed_files 3
    cp "${licences[0]}" licence.ofd
    huxin --json licence issue licence.ofd --trust-list trust --receipt licence.receipt >issued.json 2>prepare.out ||
        { echo "preparation failed: licence issue"; cat issued.json prepare.out; failures=$((failures + 1)); }
    ID=$(jq -r '.. | .licence_id? // empty' issued.json | head -n 1)
    REFERENCE=$(jq -r '.. | .licence? // .reference? // empty | strings' issued.json | head -n 1)
    TX_ID=$(jq -r '.. | .tx_id? // empty' issued.json | head -n 1)
    SHA256=$(sha256sum licence.ofd | cut -d' ' -f1)
    EXPIRES_AT=100 CASE=$(printf 'ab%.0s' {1..32})
    WORDS[ID]=$ID WORDS[证照标识]=$ID
}

# The same, where the provinces trust the certificate authority of the samples and the seal is filed.
trusted_licence() {
    signs_with_governance
    [[ -e samples ]] || must huxin-samples make samples
    must huxin govern propose trust-add samples/trust/root.crt --role certificate-authority --crl samples/trust/root.crl \
        --valid-until 2036-01-01 --rationale paper.ofd
    agree
    licensed
    # The licence is recorded by now, and the blocks that follow bound this time.
    PAST=$(date -u +%FT%T.%3NZ)
    must huxin keys new --plain --scheme sm2 --purpose organisation --out seals.key
    must huxin keys add seals.key --organisation "$(office)" --manage-seals --sign-seals --key registrar.key
    must huxin seal register "$seal_file" --maker "$(office)" --trust-list trust --key seals.key
    must huxin seal activate "310000/$(basename "$seal_file" .esl)" --basis FILING-1 --key seals.key
}

# Two files of the same issuer that the ledger does not know: a sound one, and one whose page was altered after sealing.
unrecorded() {
    trusted_licence
    cp "${licences[1]}" licence.ofd
    must alter_page "${licences[2]}" damaged.ofd
}

alter_page() {
    python3 - "$1" "$2" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as sound, zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as altered:
    for entry in sound.infolist():
        content = sound.read(entry)
        if entry.filename.endswith("Pages/Page_0/Content.xml"):
            content += b"\n"
        altered.writestr(entry, content)
PYTHON
}

maker() { cp samples/trust/maker.crt maker.crt; }

# The keys of Shanghai's node, as its operator has them, in a folder of their own.
rotate() {
    mkdir -p "$PAGE/rotation/keys" && cd "$PAGE/rotation" || return
    signs_with_governance
    cp "$NET"/node-0-*/keys/consensus.key keys/consensus.key
    must "$HUXIN" keys new --plain --purpose consensus --out keys/rehearsed.key
    allowed validator-rotate keys/consensus.key keys/rehearsed.key
}

# A fifth province: its keys are made by the page, its node.toml and the members' action here.
joining() {
    mkdir -p "$PAGE/joining" && cd "$PAGE/joining" || return
    papers
}

USCC_OF_BEIJING=11110000000000051Y

member() {
    signs_with_governance
    "$HUXIN" keys show keys/consensus.key >/dev/null || failures=$((failures + 1))
    public() { "$HUXIN" --json keys show "keys/$1.key" | jq -r .public_key; }
    jq -n --arg c "$(public consensus)" --arg n "$(public network)" --arg g "$(public governance)" --arg r "$(public registrar)" \
        --arg o "$USCC_OF_BEIJING" '{ type: "province_add", province: "110000", organisation: $o, governance_key: $g,
        registrar_key: $r, validators: [ { key: $c, power: 1, network_key: $n } ] }' >province-add.json
    allowed --action province-add.json
}

joining_member() {
    joining
    mkdir -p keys
    for purpose in consensus network governance registrar; do
        must "$HUXIN" keys new --purpose "$purpose" --out "keys/$purpose.key"
    done
    member
}

# Beijing's own node.
joined() { node_toml; }

# Beijing, which joined above, leaves again; Shanghai proposes it.
remove() {
    cd "$PAGE" || return
    signs_with_governance
    allowed province-remove 110000
}
