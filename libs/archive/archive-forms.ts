/** What `--archive` takes, for help texts: beside those that only say so, who opens one loads the clients of log and store. */
export const archiveForms = 'a run (flipstream runs ls), s3://bucket/prefix, or a directory'
