namespace Tieout.Server.Triage.Packets;

/// <summary>How an outsider checks a packet, with nothing but SHA-256. A test follows these words.</summary>
internal static class PacketInstructions
{
    public const string Text = """
        HOW TO CHECK THE CHAIN
        ======================

        The ledger is a chain of commits. Each file commit-N.json in this folder is one commit that holds rows of the dispute.
        Nobody can change a figure in a commit without changing the commit's hash, and the hash of every commit after it.

        1. Compute the hash of a commit whose "complete" is true: SHA-256 over these bytes, one after another.

           a. "previous_hash": 32 bytes (64 hexadecimal digits in the file).
           b. "commit" as an integer.
           c. "recorded_at_micros" as an integer.
           d. Every row of "rows", in the order of the file. The bytes of a row are one byte, its "tag", and then the value of every
              field of "fields", in the order of the file, by the field's "type":

              integer        8 bytes, little-endian, two's complement; null: the integer -9223372036854775808.
              amount         the same, in nano-units (1.00 is 1000000000). An amount that does not fit: the integer
                             -9223372036854775808, then the amount in 16 bytes, little-endian, two's complement.
              text           the number of its UTF-8 bytes as an integer, then these bytes; null: the integer -1 and no bytes.
              uuid           16 bytes in the order of its digits.
              optional_uuid  the integer 16, then the 16 bytes; null: the integer -1 and no bytes.
              bytes          the number of bytes as an integer, then the bytes (hexadecimal digits in the file).

           The result must be "hash". The names of fields and tables are not hashed: they are there for you to read.

        2. The "sha256" of a row is SHA-256 over the bytes of that row alone. It must be right for every row with "fields".

        3. A commit may also hold rows that are not the tenant's business. Such a row has no "fields", only its "sha256" and the reason
           in "hidden", and the commit's "complete" is false: its hash cannot be computed from this packet. The operator can prove it:
           'tieout verify' computes every hash of the ledger from its rows. An auditor with a token of the platform can make this packet
           again: the files of this folder come out byte for byte the same.

        4. The hash is worth something if you can compare it with one that you got before the dispute: an issued invoice prints commits
           and hashes for each line, and an operator can hand out signed heads. Where this folder has commit N and commit N+1, the
           "previous_hash" of N+1 must be the "hash" of N.

        'python3 check.py' in this folder does steps 1 and 2, and needs nothing else.

        """;

    public const string Script = """
        # Checks the commits of this folder. See HOW-TO-CHECK.txt. Needs Python 3 and nothing else.
        import glob, hashlib, json, os, sys, uuid

        NULL = -2**63

        def integer(value):
            return int(value).to_bytes(8, "little", signed=True)

        def encode(kind, value):
            if kind == "integer":
                return integer(NULL if value is None else value)
            if kind == "amount":
                nanos = int(value)
                if NULL < nanos < 2**63:
                    return integer(nanos)
                return integer(NULL) + nanos.to_bytes(16, "little", signed=True)
            if kind == "uuid":
                return uuid.UUID(value).bytes
            if value is None:
                return integer(-1)
            if kind == "text":
                data = value.encode("utf-8")
            elif kind == "optional_uuid":
                data = uuid.UUID(value).bytes
            elif kind == "bytes":
                data = bytes.fromhex(value)
            else:
                raise ValueError("unknown type " + kind)
            return integer(len(data)) + data

        failed = computed = hidden = 0
        for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "commit-*.json"))):
            with open(path, encoding="utf-8") as file:
                commit = json.load(file)
            name = os.path.basename(path)
            hashed = hashlib.sha256(bytes.fromhex(commit["previous_hash"]) + integer(commit["commit"]) + integer(commit["recorded_at_micros"]))
            for number, row in enumerate(commit["rows"], 1):
                if row["fields"] is None:
                    continue
                data = bytes([row["tag"]]) + b"".join(encode(field["type"], field["value"]) for field in row["fields"])
                hashed.update(data)
                if hashlib.sha256(data).hexdigest() != row["sha256"]:
                    failed += 1
                    print(f"{name}: row {number} ({row['table']}) is not as it was hashed")
            if any(row["fields"] is None for row in commit["rows"]):
                hidden += 1
                print(f"{name}: rows checked; has hidden rows, so the commit's hash cannot be computed here")
            elif hashed.hexdigest() != commit["hash"]:
                failed += 1
                print(f"{name}: THE HASH IS NOT THAT OF ITS ROWS")
            else:
                computed += 1
                print(f"{name}: the hash is right")
        print(f"{computed} hashes computed and right, {hidden} commits with hidden rows, {failed} failures")
        sys.exit(1 if failed else 0)

        """;
}
