-- What kind of server this is: its version as a number and as text, and how it encodes text.
SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
       current_setting('server_encoding') AS encoding
