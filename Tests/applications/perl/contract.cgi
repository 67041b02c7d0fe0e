#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The contract as a CGI script, for fcgiwrap, which runs it in its own directory.
use strict;
use warnings;
use lib '.';
use Contract;

binmode STDIN;
binmode STDOUT;
Contract::answer();
