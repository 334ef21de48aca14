#!/usr/bin/env python3
"""Decodes every golden vector by the layouts of docs/layouts.md, which must account for every byte.

    layouts.py PAGE FOLDER
"""

import json
import os
import re
import sys

FIXED = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "bool": 1, "ProvinceCode": 6, "RegionCode": 6, "Uscc": 18,
         "LicenceType": 21, "Height": 8, "RecordIndex": 8, "TimeMs": 8, "FeatureId": 2}
DIGESTS = {"Digest", "KeyId", "TxId", "LicenceRef", "CaseRef", "BundleRef"}
TEXTS = {"SystemId", "BasisCode", "MaterialCode", "PurposeCode", "PublicationCode", "SealId"}
# Which vectors are of which type, where a file holds one type only.
FILES = {"operations": "Operation", "seal_operations": "Operation", "case_operations": "Operation",
         "evidence_operations": "Operation", "governance_operations": "Operation", "state_keys": "StateKey",
         "governance_state_keys": "StateKey"}
# Of what type the other vectors are, by the beginning of their names. Those of no beginning here are no whole types.
NAMES = {
    "states": {"province": "ProvinceState", "organisation_head": "OrganisationHead", "organisation": "OrganisationState",
               "system": "SystemState", "key": "KeyState", "validators": "ValidatorSet", "licence": "LicenceState",
               "succession": "SuccessionState", "lineage": "LineageState", "document": "DocumentState"},
    "seal_states": {"seal,": "SealState", "seal_signature": "SealSignatureState", "key of": "StateKey"},
    "case_states": {"case,": "CaseState", "bundle_ref": "BundleRef", "bundle": "BundleState", "status": "CaseStatus",
                    "case_ref": "CaseRef", "key of": "StateKey"},
    "evidence_states": {"material": "MaterialState", "rating": "RatingState", "case_evidence": "CaseEvidenceState",
                        "share": "ShareState", "key of": "StateKey"},
    "governance_states": {"proposal": "ProposalState", "parameters": "GovernedParameters", "trust": "TrustState",
                          "features": "Activations", "participation": "Participation", "validator_node": "ValidatorNode",
                          "misbehaviour": "MisbehaviourState", "anchor": "AnchorState"},
    "publication": {"publish": "Operation", "draft": "Operation", "close_consultation": "Operation",
                    "co_sign": "Operation", "withdraw": "Operation", "repeal": "Operation", "acknowledge": "Operation",
                    "publication,": "PublicationState", "publication_version": "PublicationVersionState",
                    "item_variants": "ItemVariants", "publication_consumer": "PublicationConsumerState",
                    "key of": "StateKey"},
    "record": {"": "Record"},
}


def read_page(path):
    """The declarations of a page: name -> list of fields, or dict of variants."""
    types, current = {}, None
    for line in open(path, encoding="utf-8"):
        head = re.fullmatch(r"(one of|fields) (\w+)\n", line)
        if head:
            current = types[head[2]] = {} if head[1] == "one of" else []
        elif current is not None and line.startswith("  "):
            if isinstance(current, dict):
                number, _, kind = re.fullmatch(r"\s+(\d+) (\w+)\s*(.*)\n", line).groups()
                current[int(number)] = [part.split(" ")[1:] if is_named(part) else part.split(" ")
                                        for part in kind.split(" | ") if part]
            else:
                current.append(line.split()[1:])
        elif line.startswith("```"):
            current = None
    return types


def is_named(part):
    """Whether a part is `name Type`, and not a type alone."""
    first = part.split(" ")[0]
    return first[0].islower() and first not in ("opt", "list") and first not in FIXED


class Decoder:
    def __init__(self, types, data):
        self.types, self.data, self.at = types, data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("too short")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def read(self, words):
        word, rest = words[0], words[1:]
        if word == "opt":
            tag = self.number(1)
            if tag > 1:
                raise ValueError(f"an option of {tag}")
            return self.read(rest) if tag else None
        if word == "list":
            return [self.read(rest) for _ in range(self.number(4))]
        if word.isdigit():
            return [self.read(rest[1:]) for _ in range(int(word))]
        if word in FIXED:
            return self.take(FIXED[word])
        if word in DIGESTS:
            return self.take(32)
        if word in TEXTS:
            return self.take(self.number(4))
        if word == "ItemCode":
            return self.take(1), self.take(self.number(4))
        if word == "PublicKey":
            return self.take({1: 32, 2: 33}[self.number(1)])
        if word == "Signature":
            return self.take({1: 64, 2: 64}[self.number(1)])
        declared = self.types[word]
        parts = declared[self.number(1)] if isinstance(declared, dict) else declared
        return [self.read(part) for part in parts]


def decodes(types, name, data):
    decoder = Decoder(types, data)
    decoder.read([name])
    return decoder.at == len(data)


def main(page, folder):
    types = read_page(page)
    load = lambda name: json.load(open(os.path.join(folder, f"{name}.json"), encoding="utf-8"))
    checked, failures = 0, []

    def check(file, case, name, data):
        nonlocal checked
        checked += 1
        try:
            if not decodes(types, name, data):
                failures.append(f"{file}, {case}: bytes are left after a {name}")
        except (ValueError, KeyError) as error:
            failures.append(f"{file}, {case}: no {name}: {error!r}")

    for file, name in FILES.items():
        for case in load(file):
            if "borsh" in case:
                check(file, case["name"], name, bytes.fromhex(case["borsh"]))
    for file, names in NAMES.items():
        for case in load(file):
            name = next((names[start] for start in names if case["name"].startswith(start)), None)
            if name and "borsh" in case:
                check(file, case["name"], name, bytes.fromhex(case["borsh"]))
    for case in load("proof_receipts"):
        check("proof_receipts", case["name"], "Record", bytes.fromhex(case["proves"]["record"]))
    for case in load("proof_thing_receipts"):
        for thing in case["proves"]["things"]:
            check("proof_thing_receipts", thing["name"], "StateKey", bytes.fromhex(thing["key"]))
    print("\n".join(failures + [f"{checked} vectors, {len(failures)} differ"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
