#!/usr/bin/env python3
"""Makes crates/xtrace-model/data/model-prices.json from a published price list.

    scripts/make-model-prices.py SOURCE > crates/xtrace-model/data/model-prices.json

SOURCE is Langfuse's `worker/src/constants/default-model-prices.json` (MIT licence). The facts are
taken, the shape is ours: exact decimals in USD per million units, one line per tier, the default tier
first and the others in the order in which they are tried. The same source gives the same bytes.
Documented in crates/xtrace-model/data/README.md; needs nothing but Python 3.9.
"""

import json
import sys
from decimal import Decimal

SOURCE = "langfuse/langfuse, worker/src/constants/default-model-prices.json"
LICENCE = "MIT; prices compiled by the Langfuse authors from the providers' public lists"
# Fraction digits of an amount of USD (xtrace_model::money::USD_SCALE).
SCALE = 12


def per_million(price, where):
    """`2.5E-6` as `2.5`: plain digits, no trailing zeros, nothing lost."""
    price = Decimal(price)
    if price < 0 or price != round(price, SCALE):
        raise SystemExit(f"{where}: {price} is negative or has more than {SCALE} fraction digits")
    text = format(price * 1_000_000, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def condition(source):
    if "usageDetailPattern" in source:
        made = {"usage": source["usageDetailPattern"], "op": source["operator"], "value": int(source["value"])}
        if source.get("caseSensitive"):
            made["case_sensitive"] = True
        return made
    if source["operator"] != "in":
        raise SystemExit(f"unknown operator {source['operator']!r}")
    kind = {"model_parameters": "parameter", "metadata": "metadata"}[source["source"]]
    return {kind: source["key"], "in": source["values"]}


def tier(model, source):
    made = {"name": source["name"]}
    if source["conditions"]:
        made["when"] = [condition(each) for each in source["conditions"]]
    if source["isDefault"] == ("when" in made):
        raise SystemExit(f"{model}: the default tier must be the one without conditions")
    where = f"{model}, {source['name']}"
    made["usd_per_million"] = {key: per_million(price, where) for key, price in source["prices"].items()}
    return made


def line(value):
    return json.dumps(value, ensure_ascii=False)


def definition(source):
    name = source["modelName"]
    tiers = sorted(source["pricingTiers"], key=lambda each: (not each["isDefault"], each["priority"]))
    made = [tier(name, each) for each in tiers]
    head = f'{{"id": {line(source["id"])}, "model": {line(name)}, "match": {line(source["matchPattern"])}, "tiers": [\n'
    return head + ",\n".join("  " + line(each) for each in made) + "\n]}"


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        models = json.load(file, parse_float=Decimal)
    head = f'{{"format": 1,\n"source": {line(SOURCE)},\n"licence": {line(LICENCE)},\n"models": [\n'
    sys.stdout.write(head + ",\n".join(definition(each) for each in models) + "\n]}\n")


main()
