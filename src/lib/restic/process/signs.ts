/** Kinds of lines of restic that decide the class of a failure. */
export type Sign = string;
