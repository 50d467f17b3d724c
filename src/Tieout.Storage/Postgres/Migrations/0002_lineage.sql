-- One row for each step in the life of an envelope. kind: 1 attempt, 2 hop. no: from 1 within the issuance.
-- link: 32 bytes that hang on the row before (see the envelope's specification); token_sha256: of the envelope's text, 32 bytes.
CREATE TABLE lineage (
  bucket int NOT NULL, seq bigint NOT NULL, org text NOT NULL, operation_id text NOT NULL, issuance_id text NOT NULL, no int NOT NULL,
  key_id text NOT NULL, token_sha256 bytea NOT NULL, kind int NOT NULL, id text NOT NULL, attempt_no int NOT NULL,
  executor text NOT NULL, target text NOT NULL, at bigint NOT NULL, link bytea NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, seq), UNIQUE (bucket, operation_id, org, issuance_id, no)
);
