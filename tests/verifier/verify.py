#!/usr/bin/env python3
"""A verifier of Huxin's proof files, written from docs/formats.md alone, with Python's standard library.

    verify.py receipt FILE TRUST_ROOT      check one proof file
    verify.py vectors FOLDER               check every vector: what must hold, and what must be refused with its code

Exit code 0: all holds; 1: something does not; 3: usage.
"""

import json
import os
import sys

import crypto

MAGICS = {"HUXINRC": "3", "HUXINRT": "2", "HUXINRO": "2", "HUXINTH": "1", "HUXINTP": "1"}
PROTOCOL_VERSION = 2
FILE_BYTES_MAX = 256 * 1024
PATH_HASHES_MAX = 64
SIBLINGS_MAX = 256
ALGORITHMS = {1: crypto.sha256, 2: crypto.sm3}
EMPTY_MAP = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
STATUSES = "issued suspended transferred_out superseded lapsed cancelled withdrawn revoked".split()


class Refused(Exception):
    """A file that proves nothing, with its stable code."""


def require(holds, code):
    if not holds:
        raise Refused(code)


class Reader:
    """Reads the notation of formats.md."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, count):
        require(self.at + count <= len(self.data), "receipt.truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.bytes(count), "little")

    def u8(self):
        return self.number(1)

    def u32(self):
        return self.number(4)

    def u64(self):
        return self.number(8)

    def digest(self):
        return self.bytes(32)

    def block(self):
        return self.bytes(self.u32())

    def list(self, item):
        return [item() for _ in range(self.u32())]

    def opt(self, item):
        tag = self.u8()
        require(tag < 2, "receipt.truncated")
        return item() if tag else None

    def part(self, read):
        """What `read` reads, and the bytes it stands in."""
        start = self.at
        value = read()
        return value, self.data[start:self.at]

    def key(self):
        scheme = self.u8()
        require(scheme in (1, 2), "receipt.truncated")
        return scheme, self.bytes(32 if scheme == 1 else 33)

    def validators(self):
        def one():
            key, power, province = self.key(), self.u64(), self.bytes(6)
            return {"key": key, "id": key_id(key), "power": power, "province": province}
        return self.part(lambda: self.list(one))

    def header(self):
        def fields():
            return {
                "protocol": self.number(2), "chain": self.digest(), "height": self.u64(), "time": self.u64(),
                "parent": self.digest(), "transactions_root": self.digest(), "log_size": self.u64(),
                "log_root": self.digest(), "log_root_sha256": self.opt(self.digest), "map_root": self.digest(),
                "validators_hash": self.digest(),
                "next_validators_hash": self.digest(), "last_certificate_hash": self.digest(),
                "proposer": self.digest(),
            }
        return self.part(fields)

    def certificate(self):
        def signature():
            validator, scheme, text = self.digest(), self.u8(), self.bytes(64)
            require(scheme in (1, 2), "receipt.truncated")
            return validator, scheme, text
        return {"height": self.u64(), "round": self.u32(), "block": self.digest(), "signatures": self.list(signature)}

    def commitment(self):
        def fields():
            chain, algorithm, time = self.block(), self.u8(), self.u64()
            require(algorithm in ALGORITHMS, "receipt.truncated")
            return {
                "chain": chain, "algorithm": ALGORITHMS[algorithm], "time": time,
                "validators_hash": self.digest(), "content_hash": self.digest(),
            }
        return self.part(fields)

    def trust(self):
        def step():
            return {"header": self.header(), "certificate": self.certificate(), "next": self.validators()}
        return {
            "genesis": self.commitment(), "since": self.u64(), "validators": self.validators(), "steps": self.list(step),
        }

    def map_proof(self):
        return {
            "leaf": self.opt(lambda: (self.digest(), self.digest())),
            "siblings": self.list(self.digest),
        }

    def as_of(self):
        def next_block():
            return {
                "header": self.header(), "certificate": self.certificate(), "validators": self.opt(self.validators),
            }
        return self.opt(lambda: {"time": self.u64(), "next": self.opt(next_block)})

    def end(self):
        require(self.at == len(self.data), "receipt.truncated")


def tagged(algorithm, tag, *parts):
    return algorithm(bytes([len(tag)]) + tag.encode() + b"".join(parts))


def key_id(key):
    scheme, text = key
    return tagged(crypto.sha256 if scheme == 1 else crypto.sm3, "huxin/key-id/v1", bytes([scheme]), text)


def vote_message(chain, height, round_number, block, voter):
    tag = b"huxin/vote/v2"
    return b"".join([
        bytes([len(tag)]), tag, chain, b"\x02", height.to_bytes(8, "little"),
        round_number.to_bytes(8, "little"), b"\x01", block, voter,
    ])


def verify_signature(key, user, message, scheme, signature):
    if key[0] != scheme:
        return False
    if scheme == 1:
        return crypto.ed25519(key[1], message, signature)
    return crypto.sm2(key[1], user, message, signature)


def check_certificate(chain, certificate, validators, members_only=False):
    """A quorum of `validators`; with `members_only`, whatever others signed as well."""
    signers = [validator for validator, _, _ in certificate["signatures"]]
    require(signers == sorted(set(signers)), "receipt.bad_certificate")
    by_id = {validator["id"]: validator for validator in validators}
    power = 0
    for signer, scheme, signature in certificate["signatures"]:
        if members_only and signer not in by_id:
            continue
        require(signer in by_id, "receipt.bad_certificate")
        message = vote_message(chain, certificate["height"], certificate["round"], certificate["block"], signer)
        holds = verify_signature(by_id[signer]["key"], b"huxin-consensus", message, scheme, signature)
        require(holds, "receipt.bad_certificate")
        power += by_id[signer]["power"]
    total = sum(validator["power"] for validator in validators)
    require(3 * power > 2 * total, "receipt.quorum_not_reached")


class Trusted:
    """What a verifier knows: the pinned genesis hash, sets by the height after which they decide, and a pinned height."""

    def __init__(self, root, known=None, pinned=None):
        self.root, self.known, self.pinned = root, known or {}, pinned


class Path:
    """The way from what is known to a certified header."""

    def __init__(self, trust, trusted):
        self.trust = trust
        self.genesis, commitment = trust["genesis"]
        self.root, self.known, self.pinned = trusted.root, trusted.known, trusted.pinned
        self.hash = self.genesis["algorithm"]
        require(tagged(self.hash, "huxin/genesis/v1", commitment) == self.root, "receipt.wrong_trust_root")
        if trust["since"] == 0:
            named = self.genesis["validators_hash"]
            require(self.set_hash(trust["validators"][1]) == named, "receipt.header_mismatch")
        self.steps = [(step["header"][0]["height"], step) for step in trust["steps"]]
        self.end = self.steps[-1][0] if self.steps else trust["since"]

    def walk(self, height):
        """The set that decides at a height, and the height after which it does."""
        heights = [self.trust["since"], *(at for at, _ in self.steps), height]
        require(all(a < b for a, b in zip(heights, heights[1:])), "receipt.bad_transition")
        require(self.pinned is None or height >= self.pinned, "receipt.before_pinned")
        below = [at for at in self.known if at < height]
        if below:
            since = max(below)
            current = self.known[since]
        else:
            require(self.trust["since"] == 0, "receipt.path_needed")
            since, current = 0, self.trust["validators"]
        named = [step["next"] for at, step in self.steps if at == since]
        if self.trust["since"] == since:
            named = [self.trust["validators"]]
        require(all(one[1] == current[1] for one in named), "receipt.header_mismatch")
        before = [self.trust["since"], *(at for at, _ in self.steps)]
        for made_for, at, step in [(b, at, step) for b, (at, step) in zip(before, self.steps) if at > since]:
            try:
                is_own = step["header"][0]["validators_hash"] == self.set_hash(current[1])
                self.check_header(step["header"], step["certificate"], current, members_only=not is_own)
                self.check_set(step["next"], step["header"][0])
            except Refused as refused:
                if str(refused).endswith("_version"):
                    raise
                gap = made_for != since
                raise Refused("receipt.path_needed" if gap else "receipt.bad_transition") from refused
            since, current = at, step["next"]
        return since, current

    def check_head(self, header, certificate):
        since, self.current = self.walk(header[0]["height"])
        names = header[0]["validators_hash"]
        if names != self.set_hash(self.current[1]):
            require(self.trust["since"] <= since, "receipt.path_needed")
            last = self.steps[-1][1]["next"] if self.steps else self.trust["validators"]
            require(self.end >= since or self.set_hash(last[1]) != names, "receipt.retired_signers")
        return self.check_header(header, certificate, self.current)

    def check_whole(self):
        """A path by itself."""
        self.pinned = None
        since, current = self.walk(self.end + 1)
        require(since == self.end, "receipt.path_needed")
        return since, current

    def set_hash(self, text):
        return tagged(self.hash, "huxin/validator-set/v1", text)

    def check_set(self, validators, header):
        require(self.set_hash(validators[1]) == header["next_validators_hash"], "receipt.header_mismatch")

    def check_header(self, header, certificate, validators, members_only=False):
        fields, text = header
        if fields["protocol"] != PROTOCOL_VERSION:
            raise Refused("receipt.newer_version" if fields["protocol"] > PROTOCOL_VERSION else "receipt.older_version")
        require(fields["chain"] == self.root, "receipt.header_mismatch")
        block = tagged(self.hash, "huxin/header/v2", text)
        names = certificate["height"] == fields["height"] and certificate["block"] == block
        require(names, "receipt.header_mismatch")
        if not members_only:
            require(fields["validators_hash"] == self.set_hash(validators[1]), "receipt.header_mismatch")
        check_certificate(self.root, certificate, validators[0], members_only)
        return block

    def check_as_of(self, as_of, header, block):
        """The time for which the file proves its states."""
        if as_of is None:
            return header["time"]
        require(header["time"] <= as_of["time"], "receipt.as_of_mismatch")
        if as_of["next"] is None:
            # Nothing signs the time asked about.
            return header["time"]
        following = as_of["next"]["header"][0]
        follows = following["parent"] == block and following["time"] > as_of["time"]
        require(follows, "receipt.as_of_mismatch")
        validators = as_of["next"]["validators"] or self.current
        self.check_set(validators, header)
        self.check_header(as_of["next"]["header"], as_of["next"]["certificate"], validators)
        return as_of["time"]


def merkle_root(algorithm, leaf, index, size, path):
    """RFC 6962 from a leaf upwards; None where the path has another length than index and size give it."""
    if index >= size or len(path) > PATH_HASHES_MAX:
        return None
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            value = algorithm(b"\x01" + sibling + value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = algorithm(b"\x01" + value + sibling)
        node, last = node >> 1, last >> 1
    return value if last == 0 else None


def check_map(algorithm, root, thing, state, proof):
    """Whether the map of `root` holds this state at the thing's key, or nothing where the state is None."""
    key = tagged(algorithm, "huxin/map-key/v1", thing)
    leaf, siblings = proof["leaf"], proof["siblings"]
    depth = len(siblings)
    require(depth <= SIBLINGS_MAX, "receipt.bad_map_proof")
    bit = lambda digest, at: digest[at // 8] >> (7 - at % 8) & 1
    if state is not None:
        value = algorithm(tagged(algorithm, "huxin/state/v1", state))
        require(leaf == (key, value), "receipt.bad_map_proof")
    elif leaf is not None:
        differs = leaf[0] != key and all(bit(leaf[0], at) == bit(key, at) for at in range(depth))
        require(differs, "receipt.bad_map_proof")
    node = algorithm(b"JMT::LeafNode" + leaf[0] + leaf[1]) if leaf else EMPTY_MAP
    for place, sibling in enumerate(siblings):
        left, right = (sibling, node) if bit(key, depth - 1 - place) else (node, sibling)
        node = algorithm(b"JMT::IntrnalNode" + left + right)
    require(node == root, "receipt.bad_map_proof")


def read_magic(data):
    kind = data[:7].decode("ascii", "replace")
    version = data[7:8].decode("ascii", "replace")
    require(kind in MAGICS and len(version) == 1, "receipt.malformed")
    if version != MAGICS[kind]:
        is_version = version.isascii() and (version in "123456789" or "A" <= version <= "Z")
        require(is_version, "receipt.malformed")
        raise Refused("receipt.newer_version" if version > MAGICS[kind] else "receipt.older_version")
    require(len(data) <= FILE_BYTES_MAX, "receipt.malformed")
    return kind


def operation_of(record):
    """The operation in a record: after its head, and the version of the list that names a licence's issuer, where there is one."""
    require(len(record) > 139 and record[139] < 2, "receipt.truncated")
    return record[144:] if record[139] else record[140:]


def read_licence_reference(record):
    """The licence that a record brings into being; None for any other. Other records are skipped by their length."""
    operation = operation_of(record)
    family, kind = operation[0], operation[1]
    if family != 1 or kind not in (0, 1, 5):
        return None
    return operation[2:34] if kind == 0 else operation[34:66]


def read_licence_state(state):
    reader = Reader(state)
    status = STATUSES[reader.u8()]
    state = {"status": status, "issued_by": reader.u64(), "changed_by": reader.u64(), "effective_ms": reader.u64(),
             "recorded_ms": reader.u64()}
    reader.opt(lambda: (reader.bytes(6 + 18), reader.opt(reader.digest)))
    reader.opt(reader.digest)
    state["earlier"] = reader.list(lambda: read_change(reader))
    state["upkeep"] = {"corrections": reader.list(lambda: read_correction(reader)),
                       "attachments": reader.list(lambda: read_attachment(reader)),
                       "annual_checks": reader.list(lambda: read_annual_check(reader))}
    reader.end()
    return state


def read_document(reader):
    return {"sha256": reader.digest().hex(), "sm3": reader.opt(lambda: reader.digest().hex()), "size_bytes": reader.u64()}


def read_correction(reader):
    reader.bytes(6)
    particulars = {"document": read_document(reader)}
    reader.opt(reader.digest)
    reader.opt(lambda: (reader.block(), reader.digest()))
    reader.opt(reader.block)
    reader.opt(reader.digest)
    particulars.update({"valid_from_ms": reader.u64(), "valid_until_ms": reader.opt(reader.u64)})
    reader.u8()
    return {"particulars": particulars, "recorded_by": reader.u64(), "recorded_ms": reader.u64()}


def read_attachment(reader):
    document = read_document(reader)
    reader.u8()
    reader.opt(reader.block)
    return {"document": document, "expires_ms": reader.opt(reader.u64), "recorded_by": reader.u64(),
            "recorded_ms": reader.u64(), "ended": reader.opt(lambda: read_end(reader))}


def read_end(reader):
    return {"effective_ms": reader.u64(), "recorded_by": reader.u64(), "recorded_ms": reader.u64()}


def read_annual_check(reader):
    year = reader.number(2)
    reader.u8()
    return {"year": year, "until_ms": reader.u64(), "recorded_by": reader.u64(), "recorded_ms": reader.u64()}


def read_change(reader):
    return {"status": STATUSES[reader.u8()], "effective_ms": reader.u64(), "recorded_ms": reader.u64(),
            "changed_by": reader.u64()}


def verify(data, trusted):
    """What a proof file proves to who trusts this.

    Everything is read before anything is believed, so that a cut file is told as such."""
    kind = read_magic(data)
    reader = Reader(data[8:])
    trust = reader.trust()
    if kind == "HUXINTP":
        reader.end()
        height, validators = Path(trust, trusted).check_whole()
        return {"height": height, "validators": validators[1].hex()}
    header, certificate = reader.header(), reader.certificate()
    if kind == "HUXINTH":
        following = reader.opt(reader.validators)
        reader.end()
        path = Path(trust, trusted)
        block = path.check_head(header, certificate)
        path.check_set(following or path.current, header[0])
        return {"block": block.hex(), "height": header[0]["height"]}
    if kind == "HUXINRC":
        index, record, log_path = reader.u64(), Reader(reader.block()), reader.list(reader.digest)
        status = reader.opt(lambda: (reader.opt(reader.block), reader.map_proof()))
        as_of = reader.as_of()
        reader.end()
        return verify_record(trust, header, certificate, trusted, index, record.data, log_path, status, as_of)
    if kind == "HUXINRT":
        things = reader.list(lambda: (read_thing_key(reader), reader.opt(reader.block), reader.map_proof()))
        as_of = reader.as_of()
        reader.end()
        path = Path(trust, trusted)
        block = path.check_head(header, certificate)
        time = path.check_as_of(as_of, header[0], block)
        for key, state, proof in things:
            check_map(path.hash, header[0]["map_root"], key, state, proof)
        said = [{"key": key.hex(), "state": state.hex() if state is not None else None} for key, state, _ in things]
        return {"block": block.hex(), "height": header[0]["height"], "time_ms": time, "things": said}
    position, count = reader.u64(), reader.u64()
    outcome, leaf = reader.part(lambda: read_outcome(reader))
    siblings = reader.list(reader.digest)
    reader.end()
    path = Path(trust, trusted)
    block = path.check_head(header, certificate)
    computed = merkle_root(path.hash, path.hash(b"\0" + leaf), position, count, siblings)
    require(computed == header[0]["transactions_root"], "receipt.bad_outcome_proof")
    return {"block": block.hex(), "height": header[0]["height"], **outcome}


def verify_record(trust, header, certificate, trusted, index, record, log_path, status, as_of):
    # A record is at least its head and the two bytes of its operation's family and kind, which its head repeats.
    require(len(operation_of(record)) > 1 and record[1:3] == operation_of(record)[:2], "receipt.truncated")
    require_whole(record)
    path = Path(trust, trusted)
    fields = header[0]
    block = path.check_head(header, certificate)
    time = path.check_as_of(as_of, fields, block)
    computed = merkle_root(path.hash, path.hash(b"\0" + record), index, fields["log_size"], log_path)
    require(computed == fields["log_root"], "receipt.bad_log_proof")
    state = None
    if status is not None:
        licence = read_licence_reference(record)
        require(licence is not None, "receipt.malformed")
        check_map(path.hash, fields["map_root"], b"\x05" + licence, status[0], status[1])
        state = read_licence_state(status[0]) if status[0] is not None else None
    return {
        "block": block.hex(), "height": fields["height"], "time_ms": time, "index": index, "record": record.hex(),
        "status_covered": status is not None, "status": state,
    }


def require_whole(record):
    """A first issue is read to its end; other records are taken as long as their length says."""
    operation = operation_of(record)
    if operation[:2] != b"\x01\x00":
        return
    reader = Reader(operation)
    reader.bytes(2 + 32 + 32 + 21 + 18 + 6 + 2)
    reader.opt(reader.digest)
    reader.opt(reader.block)
    reader.digest()
    reader.opt(reader.digest)
    reader.u64()
    reader.opt(reader.digest)
    reader.opt(lambda: (reader.block(), reader.digest()))
    reader.opt(reader.block)
    reader.opt(reader.digest)
    reader.u64()
    reader.opt(reader.u64)
    reader.end()


def read_thing_key(reader):
    """The bytes of a thing's address, of each of the 32 kinds."""
    def publication():
        reader.u8()
        reader.opt(lambda: reader.bytes(6))
        reader.block()

    layouts = {
        0: lambda: reader.bytes(6), 1: lambda: reader.bytes(18), 2: lambda: (reader.bytes(18), reader.block()), 3: reader.digest,
        4: lambda: reader.bytes(18), 5: reader.digest, 6: lambda: None,
        7: lambda: (reader.bytes(6), reader.block()), 8: reader.digest, 9: reader.digest,
        10: publication, 11: lambda: (publication(), reader.u32()),
        12: lambda: (reader.bytes(18), reader.digest(), reader.block()), 13: reader.digest,
        14: lambda: (reader.digest(), reader.bytes(18)), 15: reader.u64,
        16: lambda: None, 17: reader.digest, 18: lambda: None, 19: lambda: None,
        20: lambda: (reader.u8(), reader.block()),
        21: lambda: (publication(), reader.bytes(18), reader.opt(reader.block)),
        22: reader.digest, 23: reader.digest, 24: reader.digest, 25: lambda: (reader.digest(), reader.u64()),
        26: reader.digest, 27: lambda: reader.bytes(18), 28: reader.digest, 29: reader.digest,
        30: lambda: reader.bytes(21), 31: lambda: reader.bytes(36),
    }
    start, kind = reader.at, reader.u8()
    require(kind in layouts, "receipt.truncated")
    layouts[kind]()
    return reader.data[start:reader.at]


def read_outcome(reader):
    tx_id, kind = reader.digest(), reader.u8()
    require(kind < 3, "receipt.truncated")
    if kind == 0:
        outcome = {"outcome": "committed", "first_record": reader.u64(), "records": reader.u32()}
    elif kind == 1:
        outcome = {"outcome": "rejected", "code": reader.number(2), "operation": reader.u32()}
    else:
        outcome = {"outcome": "each", "first_record": reader.u64(), "records": reader.u32(), "refused": [
            {"operation": reader.u32(), "code": reader.number(2)} for _ in range(reader.u32())]}
    return {"tx_id": tx_id.hex(), "outcome": outcome}


def agrees(found, expected):
    """Whether every field that both have is the same."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return all(agrees(value, expected[name]) for name, value in found.items() if name in expected)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(agrees, found, expected))
    return found == expected or str(found) == str(expected)


def check_vectors(folder):
    load = lambda name: json.load(open(os.path.join(folder, f"{name}.json"), encoding="utf-8"))
    numbers = {code["name"]: code["number"] for code in load("codes")}
    kinds = {name: {case["name"]: case for case in load(f"proof_{name}")}
             for name in ("receipts", "thing_receipts", "outcome_receipts")}
    failures, checked = [], 0
    for kind, cases in kinds.items():
        for name, case in cases.items():
            checked += 1
            expected = case["proves"]
            if kind == "outcome_receipts":
                for refusal in [expected["outcome"], *expected["outcome"].get("refused", [])]:
                    if "code" in refusal:
                        refusal["code"] = numbers[refusal["code"]]
            try:
                found = verify(bytes.fromhex(case["file"]), Trusted(bytes.fromhex(case["trust_root"])))
                if not agrees(found, expected):
                    failures.append(f"{kind}, {name}: proves {found}")
            except Refused as refused:
                failures.append(f"{kind}, {name}: refused with {refused}")
    for case in load("proof_mutations"):
        checked += 1
        good = kinds[case["vectors"]][case["case"]]
        file, at = bytes.fromhex(good["file"]), case["at"]
        mutated = file[:at] + bytes.fromhex(case["insert"]) + file[at + case["remove"]:]
        try:
            verify(mutated, Trusted(bytes.fromhex(good["trust_root"])))
            failures.append(f"{case['vectors']}, {case['case']}, {case['name']}: accepted")
        except Refused as refused:
            if str(refused) != case["code"]:
                failures.append(f"{case['vectors']}, {case['case']}, {case['name']}: {refused}, not {case['code']}")
    for case in load("trust_paths"):
        checked += 1
        known = {one["height"]: Reader(bytes.fromhex(one["validators"])).validators() for one in case["known"]}
        trusted = Trusted(bytes.fromhex(case["trust_root"]), known, case["pinned"])
        try:
            found, code = verify(bytes.fromhex(case["file"]), trusted), None
        except Refused as refused:
            found, code = None, str(refused)
        if code != case["code"] or (found and not agrees(found, case["proves"])):
            failures.append(f"trust_paths, {case['name']}: {code or found}, not {case['code'] or case['proves']}")
    return checked, failures


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "receipt":
        with open(arguments[1], "rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        try:
            print(json.dumps(verify(data, Trusted(bytes.fromhex(arguments[2]))), indent=2))
            return 0
        except Refused as refused:
            print(refused)
            return 1
    if len(arguments) == 2 and arguments[0] == "vectors":
        checked, failures = check_vectors(arguments[1])
        print("\n".join(failures + [f"{checked} vectors, {len(failures)} differ"]))
        return 1 if failures else 0
    print(__doc__)
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
