-- compatible_from: 1
-- Tests whose failures turn nothing red for a while, of an org in one row. A server of the version before passes them over.
CREATE TABLE quarantines (
    org_id text COLLATE "C" PRIMARY KEY,
    row    text NOT NULL
);
