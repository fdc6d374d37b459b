"""Alert packets: `surveys` says where each survey has its fields; the others read any survey's packets."""
