"""A campaign in jobs: plain data that a process anywhere can do, and one head that keeps the one list of bugs.

`job` says what a job and its result are, `worker` does one. `head` makes the jobs one after the other, `agenda` says what is
looked for next, `union` makes bugs of all that failed. `hosts` are where jobs are done, `folder` keeps a campaign, `store` its
bugs.
"""
